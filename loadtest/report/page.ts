import type { RunRecord } from './record.ts';
export function renderReport(record: RunRecord, earlier: RunRecord | null): string {
  return JSON.stringify([record, earlier]);
}
