/** The p-th percentile (0..100) by nearest rank; NaN of nothing. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil((p / 100) * sorted.length) - 1)] ?? sorted[0] ?? Number.NaN;
}

export function round(value: number, digits = 1): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}

export type Row = Readonly<Record<string, number | string>>;

/** Prints rows as a table, then all figures as one line of JSON: the last line of every benchmark. */
export function printFigures(name: string, rows: readonly Row[]): void {
  console.table(rows);
  console.log(JSON.stringify({ benchmark: name, node: process.version, rows }));
}

/** The same for several tables, each below its name. */
export function printTables(name: string, tables: Readonly<Record<string, readonly Row[]>>): void {
  for (const [table, rows] of Object.entries(tables)) {
    if (rows.length === 0) continue;
    console.log(table);
    console.table(rows);
  }
  console.log(JSON.stringify({ benchmark: name, node: process.version, tables }));
}
