(function () {
  var go = document.getElementById('go');
  var without = document.getElementById('without');
  var timers = [];
  var after = function (seconds, action) { timers.push(setTimeout(action, seconds * 1000)); };
  addEventListener('load', function () {
    if (go) after(Number(go.dataset.after), function () {
      if (go.tagName === 'FORM') go.submit(); else location.assign(go.href);
    });
    if (go && without) after(10, function () { without.submit(); });
  });
  addEventListener('pagehide', function () { timers.forEach(clearTimeout); });
  addEventListener('pageshow', function (event) { if (event.persisted) location.reload(); });
})();
