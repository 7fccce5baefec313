import type { ILoginTraits } from '../tokens';
import type { ITranslate } from './words';

/**
 * Put what the process that asks says into the language of the page.
 *
 * @param sentence as it came, in English
 * @param trans the translation
 * @returns the sentence to show
 */
export function sayIn(sentence: string, trans: ITranslate): string {
  return sentence === '' ? '' : (trans.say?.(sentence) ?? sentence);
}

/**
 * Put all that the traits say into the language of the page. Names, scopes and addresses stay what they are.
 *
 * @param traits as they came
 * @param trans the translation
 * @returns the traits to show
 */
export function sayTraits(traits: ILoginTraits, trans: ITranslate): ILoginTraits {
  if (trans.say === undefined) {
    return traits;
  }
  const say = (sentence: string): string => sayIn(sentence, trans);
  const { message, headline, action, client_title } = traits;
  return {
    ...traits,
    message: say(message),
    headline: say(headline),
    action: say(action),
    client_title: say(client_title),
    scopes: traits.scopes.map(line => ({
      ...line,
      title: say(line.title),
      service: say(line.service)
    })),
    consent: traits.consent.map(line => ({ ...line, reason: say(line.reason) }))
  };
}
