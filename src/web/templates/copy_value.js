document.addEventListener('click', function (event) {
  var button = event.target.closest('button[data-copies]');
  if (!button || !navigator.clipboard) return;
  var text = document.getElementById(button.dataset.copies).textContent;
  navigator.clipboard.writeText(text).then(function () {
    var status = document.getElementById(button.dataset.says);
    var icons = button.querySelectorAll('svg');
    status.textContent = button.dataset.copied;
    icons[0].toggleAttribute('hidden', true);
    icons[1].toggleAttribute('hidden', false);
    setTimeout(function () {
      status.textContent = '';
      icons[0].toggleAttribute('hidden', false);
      icons[1].toggleAttribute('hidden', true);
    }, 3000);
  }, function () {});
});
