/** Whose call it is, as a runtime is told (kapso-api.md §8). */
export interface LaunchProject {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
}

/** Its slug is made of its name; a name without letters and digits gives none, and then the id is it. */
export function launchProject(id: string, name: string): LaunchProject {
  const slug = name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-');
  return { id, name, slug: slug.replace(/^-|-$/g, '') || id };
}
