import { expect, test } from 'vitest';
import collected from '../lab/sentences.json';
import { Sentences, withSentences } from '../lab/sentences';
import { OWN_SENTENCES } from '../requests';
import { sayTraits } from '../view/said';
import { english } from '../view/words';
import { SCOPES, traitsOf } from './fakes';
import { bracketed } from './pseudo';

const sentences = new Sentences(bracketed);
const say = (text: string): string => sentences.say(text);

test.each([
  ['What was held before', 'What was held before'],
  ['Log in again', '⟦Log in again⟧'],
  ["Flow 'Ingest' now needs more", "⟦⟦Flow 'Ingest'⟧ now needs more⟧"],
  [
    'Nobody was logged in; there was nothing to forget.',
    '⟦Nobody was logged in; there was nothing to forget.⟧'
  ]
])('%j becomes %j', (sentence, expected) => {
  expect(say(sentence)).toBe(expected);
});

test('an error that is shown with a capital letter and a full stop is known without', () => {
  const kept = 'what was held before is still held; run it again to be asked again';
  expect(say(`The login was denied; ${kept}.`)).toBe(`⟦the login was denied; ${kept}⟧.`);
});

test('sentences in a row are translated one by one, and two that belong together, together', () => {
  const refused = 'What this needs is not held here yet. Log in, then run cell [7] again.';
  expect(say(refused)).toBe(
    '⟦What this needs is not held here yet.⟧ ⟦⟦Log in⟧, then run ⟦cell [7]⟧ again.⟧'
  );
  const other =
    'This server belongs to bob. Only they can log in here: your login would be kept in their files.';
  expect(say(other)).toBe(`⟦${other}⟧`);
});

test('every template is recognised in what it makes, with the values as they were', () => {
  const wrong = [...collected, ...OWN_SENTENCES].filter(template => {
    const made = template.replace(/%(\d+)/g, (_, index: string) => `«${index}»`);
    return !/^⟦.*⟧\.?$/s.test(say(made)) || /[^«]\d»/.test(say(made).replace(/«\d+»/g, ''));
  });
  expect(wrong).toEqual([]);
});

test('what nobody has collected stays as it is, however long it is', () => {
  expect(say('A word of the provider’s own')).toBe('A word of the provider’s own');
  const hostile = 'at ; nothing was lost. '.repeat(2_000);
  expect(say(hostile) === hostile).toBe(true);
});

test('a translation may put the values in another order, or leave a sentence out', () => {
  const turned = {
    ...english,
    __: (message: string, ...values: string[]) =>
      message === '%1 uses %2' ? `${values[1] ?? ''} <- ${values[0] ?? ''}` : message
  };
  expect(new Sentences(turned).say("Flow 'A' uses Search")).toContain('Search <- ');
});

test('in English sentences stay as they came, without a look at them', () => {
  expect('say' in withSentences(english, 'en')).toBe(false);
  expect('say' in withSentences(english, 'en-GB')).toBe(false);
  expect(withSentences(bracketed, 'eo').say?.('Log in')).toBe('⟦Log in⟧');
});

test('names, scopes and addresses of the traits are nobody’s to translate', () => {
  const traits = traitsOf({ identity: { username: 'Log in', name: 'Log in' }, message: 'Log in' });
  const said = sayTraits(traits, withSentences(bracketed, 'eo'));
  expect(said.message).toBe('⟦Log in⟧');
  expect(said.identity).toEqual(traits.identity);
  expect(said.provider).toEqual(traits.provider);
  expect(said.scopes.map(line => line.scope)).toEqual(SCOPES.map(line => line.scope));
});
