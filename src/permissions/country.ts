import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/min';

/**
 * The country of a phone number, as ISO 3166 code; null if its digits belong to none, such as Meta's test numbers with the
 * made-up area code 555.
 *
 * @param number with its country's calling code, as digits or as displayed
 */
export function countryOf(number: string): CountryCode | null {
  const digits = number.replace(/\D/g, '');
  return parsed(digits) ?? northAmerican(digits);
}

/** Countries of the North American plan are told apart by area code; the rest of the number need not be in use. */
function northAmerican(digits: string): CountryCode | null {
  const area = /^1(\d{3})\d{7}$/.exec(digits)?.[1];
  return area === undefined ? null : parsed(`1${area}2345678`);
}

function parsed(digits: string): CountryCode | null {
  return parsePhoneNumberFromString(`+${digits}`)?.country ?? null;
}
