// A browser as far as the tracker's modules touch one: storage, clock, and elements.

import { mock } from 'node:test';
import { configure } from '../src/config.js';

/** What the server says where the operator chose nothing. */
const SERVED = {
  site: 'default',
  consent: /** @type {const} */ ('off'),
  dnt: true,
  gpc: true,
  inputs: /** @type {const} */ ('mask'),
  record: null,
  excludePages: [],
  excludeFields: [],
  maskSelectors: [],
  queryKeys: [],
  sampleRatio: 1,
  consentVersion: '1',
};

/**
 * @param {Partial<import('../src/config.js').Config>} settings Other than the usual.
 * @param {Partial<Record<string, string>>} [data] Of the script tag.
 */
export const settle = (settings, data = {}) => configure({ ...SERVED, ...settings }, data);

/** @param {{isFull?: boolean}} [options] */
export function fakeStorage({ isFull = false } = {}) {
  return new Proxy(/** @type {Record<string, string>} */ ({}), {
    set(target, key, value) {
      if (isFull) throw new Error('QuotaExceededError');
      target[String(key)] = String(value);
      return true;
    },
  });
}

/** Storage that is forbidden: every use of it throws. */
export const forbiddenStorage = new Proxy(
  {},
  {
    get() {
      throw new Error('SecurityError');
    },
    set() {
      throw new Error('SecurityError');
    },
    ownKeys() {
      throw new Error('SecurityError');
    },
  },
);

/** @param {number} at */
export function setClock(at) {
  mock.timers.reset();
  mock.timers.enable({ apis: ['Date', 'setTimeout'], now: at });
}

/**
 * @param {FakeElement} element
 * @param {string} parent A compound selector.
 */
function isAfterSummary(element, parent) {
  const siblings = element.parentElement?.children || [];
  const summary = siblings.findIndex((each) => each.tagName === 'SUMMARY');
  return summary >= 0 && siblings.indexOf(element) > summary && matchesSimple(parent, element.parentElement);
}

/**
 * @param {string} simple One compound selector: a tag, an id, attributes.
 * @param {FakeElement} element
 */
function matchesSimple(simple, element) {
  const parts = simple.match(/:not\(\[[^\]]*\]\)|\[[^\]]*\]|#[\w-]+|^[a-z][\w-]*/gi) || [];
  if (!parts.length || parts.join('') !== simple) throw new SyntaxError(`not a selector: ${simple}`);
  return parts.every((part) => {
    if (part.startsWith(':not')) return !matchesSimple(part.slice(5, -1), element);
    if (part.startsWith('#')) return element.id === part.slice(1);
    if (!part.startsWith('[')) return element.tagName.toLowerCase() === part.toLowerCase();
    const [, name, operator, value] = /^\[([\w-]+)(?:([*^]?=)"?([^"\]]*)"?)?\]$/.exec(part) || [];
    const own = element.getAttribute(name);
    if (own === null || !operator) return own !== null;
    return operator === '=' ? own === value : operator === '^=' ? own.startsWith(value) : own.includes(value);
  });
}

export class FakeElement {
  nodeType = 1;
  shadowRoot = null;
  scrollLeft = 0;
  scrollTop = 0;
  scrollHeight = 0;
  scrollWidth = 0;
  clientHeight = 0;
  clientWidth = 0;
  /** @type {FakeElement | null} */
  parentElement = null;

  /**
   * @param {string} tag
   * @param {Record<string, string>} attributes
   * @param {Array<FakeElement | string>} nodes
   */
  constructor(tag, attributes, nodes) {
    this.tagName = tag.toUpperCase();
    this.localName = tag;
    this.attributes = attributes;
    this.id = attributes.id || '';
    this.type = attributes.type || '';
    this.value = attributes.value || '';
    this.checked = false;
    this.style = {
      position: 'static',
      visibility: 'visible',
      display: 'block',
      overflow: 'visible',
      overflowY: 'visible',
    };
    this.rect = { left: 0, top: 0, width: 100, height: 20 };
    this.childNodes = nodes.map((node) =>
      typeof node === 'string' ? { nodeType: 3, nodeValue: node, childNodes: [] } : node,
    );
    this.children = nodes.filter((node) => node instanceof FakeElement);
    for (const child of this.children) child.parentElement = this;
  }

  get previousElementSibling() {
    const siblings = this.parentElement?.children || [];
    return siblings[siblings.indexOf(this) - 1] || null;
  }

  /** @param {string} name */
  getAttribute(name) {
    return this.attributes[name] ?? null;
  }

  getRootNode() {
    return document;
  }

  getBoundingClientRect() {
    return this.rect;
  }

  /** @param {string} selector */
  matches(selector) {
    return selector.split(',').some((each) => {
      const [before, after] = each.split('>summary~');
      return after ? isAfterSummary(this, before) : matchesSimple(each.trim(), this);
    });
  }

  /** @param {string} selector @returns {FakeElement | null} */
  closest(selector) {
    return this.matches(selector) ? this : (this.parentElement?.closest(selector) ?? null);
  }
}

/**
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(FakeElement | string)} nodes
 */
export const el = (tag, attributes = {}, ...nodes) => new FakeElement(tag, attributes, nodes);

/** Put a body into the fake document. @param {...(FakeElement | string)} nodes */
export function showBody(...nodes) {
  const body = el('body', {}, ...nodes);
  Object.assign(globalThis, {
    document: { body, documentElement: el('html'), scrollingElement: null },
    /** @param {FakeElement} element */
    getComputedStyle: (element) => ({
      borderTopWidth: '0px',
      boxShadow: 'none',
      backgroundColor: 'rgba(0, 0, 0, 0)',
      ...element.style,
    }),
    scrollX: 0,
    scrollY: 0,
    innerWidth: 1280,
    innerHeight: 800,
  });
  return body;
}
