import { english, type ITranslate } from '../view/words';

/** A language in which every sentence is in brackets: what is not, nobody has translated. */
export const bracketed: ITranslate = {
  __: (message, ...values) => `⟦${english.__(message, ...values)}⟧`,
  _n: (singular, plural, count, ...values) => `⟦${english._n(singular, plural, count, ...values)}⟧`
};
