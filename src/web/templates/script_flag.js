document.documentElement.dataset.script = '';
