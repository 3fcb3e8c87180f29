/** HTTP statuses that Meta gives its codes with (meta-calling.md §7.2); all others come with 400. */
const STATUSES: ReadonlyMap<number, number> = new Map([
  [4, 429],
  [10, 403],
  [190, 401],
  [613, 429],
  [80007, 429],
  [130429, 429],
  [131056, 429],
  [138000, 401],
  [138002, 429],
  [138005, 429],
  [138006, 401],
]);

/** The HTTP status of a refusal with this code of Meta's: clients sort refusals by it (kapso-api.md §5). */
export function metaStatusOf(code: number): number {
  return STATUSES.get(code) ?? 400;
}
