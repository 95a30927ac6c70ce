(function () {
  var button = document.querySelector('button[data-waits]');
  if (!button) return;
  var end = Date.now() + button.dataset.waits * 1000;
  var timer;
  var tick = function () {
    var left = Math.ceil((end - Date.now()) / 1000);
    button.disabled = left > 0;
    button.textContent = button.dataset.ready;
    if (left <= 0) return clearInterval(timer);
    button.textContent += ' (' + Math.floor(left / 60) + ':' + String(left % 60).padStart(2, '0') + ')';
  };
  timer = setInterval(tick, 1000);
  tick();
})();
