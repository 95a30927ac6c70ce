(function () {
  var form = document.querySelector('form[data-passkey]');
  if (!form) return;
  var isNew = form.dataset.passkey === 'create';
  var controller;
  var bytes = function (text) {
    var binary = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
    return Uint8Array.from(binary, function (letter) { return letter.charCodeAt(0); });
  };
  var text = function (buffer) {
    var binary = '';
    new Uint8Array(buffer).forEach(function (byte) { binary += String.fromCharCode(byte); });
    return btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  };
  var options = function () {
    var kind = window.PublicKeyCredential;
    var read = JSON.parse(form.dataset.options);
    if (isNew && kind.parseCreationOptionsFromJSON) return kind.parseCreationOptionsFromJSON(read);
    if (!isNew && kind.parseRequestOptionsFromJSON) return kind.parseRequestOptionsFromJSON(read);
    read.challenge = bytes(read.challenge);
    if (read.user) read.user.id = bytes(read.user.id);
    (read.allowCredentials || read.excludeCredentials || []).forEach(function (known) {
      known.id = bytes(known.id);
    });
    return read;
  };
  var json = function (credential) {
    if (credential.toJSON) return credential.toJSON();
    var response = {};
    ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle'].forEach(function (name) {
      if (credential.response[name]) response[name] = text(credential.response[name]);
    });
    return {
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      response: response,
      clientExtensionResults: credential.getClientExtensionResults()
    };
  };
  var tell = function (what) {
    var status = form.querySelector('[role=alert]');
    status.querySelector('span').textContent = form.dataset[what];
    status.hidden = false;
  };
  var failed = function (error) {
    if (error.name === 'InvalidStateError') return tell('known');
    if (error.name === 'SecurityError' || error.name === 'NotSupportedError') return tell('unfit');
    tell('cancelled');
  };
  var send = function (credential) {
    form.elements.credential.value = JSON.stringify(json(credential));
    form.submit();
  };
  var ask = function (mediation) {
    if (controller) controller.abort();
    controller = new AbortController();
    var request = { publicKey: options(), signal: controller.signal };
    if (mediation) request.mediation = mediation;
    return isNew ? navigator.credentials.create(request) : navigator.credentials.get(request);
  };
  form.addEventListener('submit', function (event) {
    event.preventDefault();
    form.querySelector('[role=alert]').hidden = true;
    if (!window.PublicKeyCredential) return tell('unsupported');
    Promise.resolve().then(function () { return ask(); }).then(send).catch(failed);
  });
  if (!('conditional' in form.dataset) || !window.PublicKeyCredential) return;
  if (!PublicKeyCredential.isConditionalMediationAvailable) return;
  PublicKeyCredential.isConditionalMediationAvailable().then(function (available) {
    if (available && !controller) return ask('conditional').then(send);
  }).catch(function () {});
})();
