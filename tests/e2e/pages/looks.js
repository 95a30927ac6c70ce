// What runs within the page. A complaint is `rule: where: what`.

/** Handed to the browser once for each tab, as it stands: it uses nothing from around it. */
export function install() {
  const root = () => document.documentElement;
  const all = (selector) => [...document.querySelectorAll(selector)];
  const isVisible = (element) => element.checkVisibility({ visibilityProperty: true });
  const visible = (selector) => all(selector).filter(isVisible);
  const at = (element) => {
    if (element.id) return `#${element.id}`;
    const kind = [element.localName, ...element.classList].join('.');
    return `${kind} “${(element.ariaLabel ?? element.textContent).replace(/\s+/g, ' ').trim().slice(0, 40)}”`;
  };
  let complaints = [];
  const complain = (rule, element, what) => complaints.push(`${rule}: ${element ? at(element) : 'page'}: ${what}`);
  const told = () => {
    const found = complaints;
    complaints = [];
    return found;
  };

  // ---------------------------------------------------------------- script is switched off

  function everywhere({ lang, dir }) {
    if (root().lang !== lang) complain('lang', null, `${root().lang}, not ${lang}`);
    if (root().dir !== dir || getComputedStyle(document.body).direction !== dir) complain('dir', null, `${root().dir}, not ${dir}`);
    for (const name of ['h1', 'main']) if (visible(name).length !== 1) complain(name, null, `${visible(name).length} of them`);
    if ('script' in root().dataset) complain('without-script', null, 'script is on');
    const intended = all('[autofocus]');
    if (intended.length > 1) complain('autofocus', intended[1], 'is a second one');
    for (const field of intended) if (!isVisible(field) || field.disabled || !field.closest('main')) complain('autofocus', field, 'cannot have the focus');
  }

  function wide(when) {
    const { scrollWidth, clientWidth } = root();
    if (scrollWidth <= clientWidth) return;
    const out = visible('body *').find((element) => {
      const { left, right } = element.getBoundingClientRect();
      return right > clientWidth + 1 || left < -1;
    });
    complain('sideways', out, `${scrollWidth} px in a window of ${clientWidth}${when}`);
  }

  /** Nothing is cut off, nor wide, where somebody spaces text for themselves (WCAG 1.4.12). */
  function spaced() {
    const sheet = document.createElement('style');
    sheet.textContent = '* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; } p { margin-block-end: 2em !important; }';
    document.head.append(sheet);
    wide(', with spaced text');
    for (const element of visible('body :not(.unseen)')) {
      const { overflowX, overflowY } = getComputedStyle(element);
      const cut = (element.scrollWidth > element.clientWidth + 1 && ['hidden', 'clip'].includes(overflowX))
        || (element.scrollHeight > element.clientHeight + 1 && ['hidden', 'clip'].includes(overflowY));
      if (cut && element.innerText?.trim()) complain('cut', element, `${element.scrollWidth} × ${element.scrollHeight} px in ${element.clientWidth} × ${element.clientHeight}`);
    }
    sheet.remove();
  }

  function forms() {
    for (const form of visible('form')) {
      if (!form.getAttribute('action') || !form.hasAttribute('method')) complain('form', form, 'has no action or no method');
      if (!visible('[type=submit]').some((button) => button.form === form && !button.disabled)) complain('form', form, 'has no button that submits it');
    }
    for (const field of visible('input, select, textarea')) {
      // What has to be ticked before going on need not be sent.
      if (!field.form || !(field.name || (field.type === 'checkbox' && field.required))) complain('form', field, 'is not sent');
    }
    // A passkey needs script: whoever has none is told so, or has another form to fill in.
    const others = visible('main form').filter((form) => !form.closest('details'));
    const says = visible('main noscript').some((element) => element.innerText.trim());
    for (const form of all('form[data-passkey]')) {
      if (isVisible(form)) complain('without-script', form, 'is shown');
      else if (others.length === 0 && !says) complain('without-script', form, 'is missing, and nothing says why');
    }
  }

  function usefulness() {
    for (const button of visible('button')) if (button.type !== 'submit' || !button.form) complain('without-script', button, 'does nothing');
    for (const link of visible('a')) {
      const href = link.getAttribute('href');
      if (!href || /^javascript:/i.test(href) || (href.startsWith('#') && !document.getElementById(href.slice(1)))) complain('without-script', link, 'leads nowhere');
    }
    for (const element of visible('p, h1, h2, h3, li, dt, dd, a, b, button, label, legend, summary, section, ul, ol, dl')) {
      // A picture is something too; what is hidden is no text.
      if (!element.innerText.trim() && !element.querySelector('svg, img, input')) complain('without-script', element, 'says nothing');
    }
  }

  function withoutScript(expected) {
    everywhere(expected);
    wide('');
    for (const details of all('details')) details.open = true;
    wide(', unfolded');
    spaced();
    forms();
    usefulness();
    return told();
  }

  // ------------------------------------------------------------------------------- colours

  const known = new Map();
  const pen = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });

  /** A colour as red, green, blue and alpha: style sheets name them in many ways. */
  function colour(text) {
    if (!known.has(text)) {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = text;
      pen.fillRect(0, 0, 1, 1);
      known.set(text, [...pen.getImageData(0, 0, 1, 1).data]);
    }
    return known.get(text);
  }

  function behind(element) {
    for (let one = element; one; one = one.parentElement) {
      const found = colour(getComputedStyle(one).backgroundColor);
      if (found[3] === 255) return found;
    }
    return colour('white');
  }

  function luminance(of) {
    const [red, green, blue] = of.map((value) => value / 255).map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  function contrast(a, b) {
    const [less, more] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (more + 0.05) / (less + 0.05);
  }

  /** How the focus is drawn (WCAG 2.4.7), and whether it stands out (1.4.11). */
  function focusIsSeen(element) {
    const { outline, outlineStyle, outlineWidth, outlineColor, outlineOffset } = getComputedStyle(element);
    const drawn = outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2 && colour(outlineColor)[3] === 255;
    if (!drawn) return complain('focus', element, `is not drawn: ${outline}`);
    const stands = contrast(colour(outlineColor), behind(Number.parseFloat(outlineOffset) < 0 ? element : element.parentElement));
    return stands < 3 && complain('focus', element, `stands out ${stands.toFixed(2)} : 1`);
  }

  /** What axe does not look at: the edges of fields, and the focus of one element of each kind (1.4.11). */
  function edgesAndFocus() {
    for (const field of visible('.input:not(:disabled, [readonly])')) {
      const edge = contrast(colour(getComputedStyle(field).borderTopColor), behind(field.parentElement));
      if (edge < 3) complain('edge', field, `stands out ${edge.toFixed(2)} : 1`);
    }
    const kinds = new Map();
    for (const element of stops()) kinds.set([element, element.parentElement].map((one) => `${one.localName} ${one.className} ${one.style.cssText}`).join(' in '), element);
    for (const element of kinds.values()) {
      element.focus({ preventScroll: true });
      focusIsSeen(element);
    }
    document.activeElement.blur();
    return told();
  }

  // ------------------------------------------------------------------------------ keyboard

  const stops = () => visible('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]').filter((element) => !element.disabled && element.tabIndex >= 0);
  let reached = [];

  /** From now on the page is as it is with script. Returns what colours and the way of Tab depend on. */
  function withScript() {
    root().dataset.script = '';
    for (const element of all('noscript')) element.remove();
    // A name within a sentence, and the link of the language that the page is in, look like what is around them.
    const elements = all('body *').filter((element) => !['bdi', 'br'].includes(element.localName));
    const shapes = elements.map((element) => {
      const values = ['id', 'class', 'style', 'type', 'role', 'data-tone', 'data-tint', 'data-state', 'tabindex'].map((name) => element.getAttribute(name));
      return [element.localName, ...values, ...element.getAttributeNames().filter((name) => name !== 'aria-current')].join(' ');
    });
    return [root().dir, ...shapes].join('\n');
  }

  /** From now on notes what Tab reaches; how many stops there have to be. */
  function beforeTab() {
    reached = [];
    // The first Tab starts from here.
    root().tabIndex = -1;
    root().focus();
    root().removeAttribute('tabindex');
    document.addEventListener('focusin', ({ target }) => {
      reached.push(target);
      focusIsSeen(target);
      // Not covered by anything (2.4.11).
      const { left, top, width, height } = target.getBoundingClientRect();
      const there = document.elementFromPoint(left + width / 2, top + height / 2);
      if (!there) complain('focus', target, 'is out of sight');
      else if (!target.contains(there) && !there.contains(target)) complain('focus', target, `is covered by ${at(there)}`);
    }, true);
    return stops().length;
  }

  /** What was wrong with the way that Tab took. */
  function afterTab() {
    const expected = stops();
    for (const element of all('[tabindex]')) if (element.tabIndex > 0) complain('tabindex', element, `is ${element.tabIndex}`);
    // What scrolls is a stop of its own.
    const way = [...new Set(reached)].filter((element) => expected.includes(element));
    for (const element of expected) if (!way.includes(element)) complain('tab', element, 'is not reached');
    // Where no field waits for what is typed, the first stop is the way past the bar, or in the main part.
    const first = expected.find((element) => element.closest('main')) ?? expected[0];
    if (!document.querySelector('[autofocus]') && way[0] && way[0] !== first && !way[0].matches('.skip[href="#main"]')) complain('tab', way[0], 'comes first');
    return told();
  }

  // ----------------------------------------------------------------------------------- axe

  async function axe(options) {
    const { violations, incomplete } = await globalThis.axe.run(document, options);
    for (const { id, nodes } of [...violations, ...incomplete]) {
      for (const { target, any, all: every, none } of nodes) {
        const why = [...any, ...every, ...none].map(({ message }) => message).join('; ');
        // The arrow of a list is drawn as a gradient, beside the text.
        if (id === 'color-contrast' && why.includes('gradient') && document.querySelector(target[0])?.matches('select')) continue;
        complaints.push(`${id}: ${target.join(' ')}: ${why}`);
      }
    }
    return told();
  }

  globalThis.looks = { withoutScript, withScript, axe, edgesAndFocus, beforeTab, afterTab };
}
