document.addEventListener('click', function (event) {
  var button = event.target.closest('button[data-reveals]');
  if (!button) return;
  var field = document.getElementById(button.dataset.reveals);
  var hidden = field.type === 'password';
  field.type = hidden ? 'text' : 'password';
  button.setAttribute('aria-pressed', String(hidden));
  field.focus();
});
document.addEventListener('submit', function (event) {
  event.target.querySelectorAll('input[autocomplete$=-password]').forEach(function (field) {
    field.type = 'password';
  });
});
