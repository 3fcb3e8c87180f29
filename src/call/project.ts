/** The project of an installation that has only one, and of everything from before there were projects. */
export const DEFAULT_PROJECT_ID = '00000000-0000-4000-8000-000000000000';
