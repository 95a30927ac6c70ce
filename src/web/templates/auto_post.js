document.getElementById('auto-post').submit();
