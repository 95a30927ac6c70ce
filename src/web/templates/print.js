document.addEventListener('click', function (event) {
  if (event.target.closest('button[data-prints]')) window.print();
});
