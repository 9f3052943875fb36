/** Types of stripped.mjs, for its test. */
export function strippedFolder(root: string): string;
export function stripAll(root: string): Promise<void>;
export function readStripped(root: string, kept: string, url: string): string | null;
