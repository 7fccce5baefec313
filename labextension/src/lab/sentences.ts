import { OWN_SENTENCES } from '../requests';
import type { ITranslate } from '../view/words';
import collected from './sentences.json';

/** Where one sentence ends and the next one begins. */
const BETWEEN = /(?<=[.!?])\s+/;
const PLACE = /%\d+/g;
/** What was said before is said again at every tick; this many are remembered. */
const MOST_KEPT = 500;
/** What is longer than anything that is said here is a stranger's, and stays as it is. */
const LONGEST = 2_000;
/** So many sentences make one template at the most. */
const MOST_TOGETHER = 3;
/** A value that is a template itself may hold another one. */
const DEEPEST = 4;

/** One sentence with places for values: what stands before, between and after them. */
interface ITemplate {
  readonly message: string;
  readonly literals: readonly string[];
  /** Whether it is more than one sentence. */
  readonly isSeveral: boolean;
}

function withoutStop(text: string): string {
  return text.endsWith('.') && !text.endsWith('..') ? text.slice(0, -1) : text;
}

/** Errors are written without a capital letter and a full stop, and shown with both. */
function uncapitalised(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function toTemplate(message: string): ITemplate {
  const [first = '', ...others] = withoutStop(message).split(PLACE);
  const isSeveral = BETWEEN.test(message);
  return { message, literals: [uncapitalised(first), ...others], isSeveral };
}

function literalLength({ literals }: ITemplate): number {
  return literals.join('').length;
}

/** Find the values in a text, each as short as can be; by searching and not by a pattern, which a stranger's words could keep busy. */
function valuesIn(text: string, { literals }: ITemplate): string[] | null {
  const whole = withoutStop(text);
  const [first = '', ...others] = literals;
  if (!uncapitalised(whole).startsWith(first)) {
    return null;
  }
  const last = others.pop();
  if (last === undefined) {
    return whole.length === first.length ? [] : null;
  }
  let at = first.length;
  const values: string[] = [];
  for (const literal of others) {
    const next = whole.indexOf(literal, at);
    if (next < 0) {
      return null;
    }
    values.push(whole.slice(at, next));
    at = next + literal.length;
  }
  const end = whole.length - last.length;
  return end >= at && whole.endsWith(last) ? [...values, whole.slice(at, end)] : null;
}

/** Give a translation the capital letter and the full stop that the sentence came with and its template has not. */
function like(given: string, message: string, translated: string): string {
  const first = given.charAt(0);
  const isCapital = first !== first.toLowerCase();
  const started = isCapital ? translated.charAt(0).toUpperCase() + translated.slice(1) : translated;
  return given.endsWith('.') && !message.endsWith('.') ? `${started}.` : started;
}

/**
 * Translates what the Python side says: its sentences come in English, as they stand in tracebacks and in terminals too.
 * Each is recognised by its template, and what is put into it is kept, or recognised in its turn.
 */
export class Sentences {
  private readonly _kept = new Map<string, string>();
  private _templates: ITemplate[] | undefined;

  /** @param _trans the translation of the templates */
  constructor(private readonly _trans: ITranslate) {}

  /**
   * Translate a sentence, or several in a row.
   *
   * @param text as it came
   * @returns the same in the other language; what is not known stays as it is
   */
  say(text: string): string {
    const kept = this._kept.get(text);
    if (kept !== undefined || text.length > LONGEST) {
      return kept ?? text;
    }
    if (this._kept.size >= MOST_KEPT) {
      this._kept.clear();
    }
    const said = this._sayAll(text, 0);
    this._kept.set(text, said);
    return said;
  }

  /** Translate sentence by sentence; where two or more make one template, together. */
  private _sayAll(text: string, depth: number): string {
    const sentences = text.split(BETWEEN);
    const said: string[] = [];
    for (let at = 0; at < sentences.length;) {
      const { words, count } = this._sayFirst(sentences.slice(at), depth);
      said.push(words);
      at += count;
    }
    return said.join(' ');
  }

  private _sayFirst(sentences: string[], depth: number): { words: string; count: number } {
    for (let count = Math.min(sentences.length, MOST_TOGETHER); count > 0; count -= 1) {
      const words = this._sayOne(sentences.slice(0, count).join(' '), depth);
      if (words !== null) {
        return { words, count };
      }
    }
    return { words: sentences[0] ?? '', count: 1 };
  }

  private _sayOne(text: string, depth: number): string | null {
    this._templates ??= [...collected, ...OWN_SENTENCES]
      .map(toTemplate)
      .sort((one, other) => literalLength(other) - literalLength(one));
    const isOne = !BETWEEN.test(text);
    for (const template of this._templates) {
      const found = isOne || template.isSeveral ? valuesIn(text, template) : null;
      if (found !== null) {
        const values = found.map(value => this._sayValue(value, depth + 1));
        return like(text, template.message, this._trans.__(template.message, ...values));
      }
    }
    return null;
  }

  private _sayValue(value: string, depth: number): string {
    const words = value.trim();
    return words === '' || depth > DEEPEST
      ? value
      : value.replace(words, () => this._sayAll(words, depth));
  }
}

/**
 * Let a translation know the sentences of the Python side as well.
 *
 * @param trans Lab's translation
 * @param language the language's code
 * @returns the translation; for English the sentences stay as they came
 */
export function withSentences(trans: ITranslate, language: string): ITranslate {
  if (/^en([_-]|$)/.test(language)) {
    return trans;
  }
  const sentences = new Sentences(trans);
  return {
    __: (message, ...values) => trans.__(message, ...values),
    _n: (singular, plural, count, ...values) => trans._n(singular, plural, count, ...values),
    say: text => sentences.say(text)
  };
}
