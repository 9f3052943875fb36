/**
 * What is known of a source as conditions, with the types and reasons of Flux's source-controller, so that the same alerts and eyes fit.
 * Reconciling, Stalled, FetchFailed, BuildFailed, ArtifactOutdated and StorageOperationFailed are there only while they are true, Healthy
 * (of Flux's kustomize-controller) only while it is false.
 */
import { createHash } from 'node:crypto';
import type { SourceCondition, SourceReport } from '../snapshot.ts';
import { displaySource } from './location.ts';
import type { SourceMember } from './source-member.ts';
import type { SourceTree } from './tree.ts';

export interface GatewayState {
  readonly now: Date;
  readonly syncing: boolean;
  /** What serves of the source although it is not at hand as a tree: after a start from saved state. */
  readonly fromState: boolean;
  /** The revision that a rollback serves; null without one. */
  readonly rolledBackTo: string | null;
  /** Why the snapshot could not be saved; null when it could. */
  readonly storageFault: string | null;
  /** Whether it was saved. */
  readonly stored: boolean;
}

type Draft = Omit<SourceCondition, 'lastTransitionTime'>;

/** A report of one source; `before` is the last one, whose times stay where nothing has changed. */
export function reportSource(member: SourceMember, state: GatewayState, before: SourceReport | null): SourceReport {
  const { spec, latest, good, lastAttemptAt } = member;
  return {
    name: spec.name,
    url: displaySource(spec.url),
    suspend: spec.suspend === true,
    intervalMs: spec.intervalMs,
    lastAttemptAt,
    observed: latest?.revision ?? null,
    artifact: good === null ? null : artifactOf(good, before?.artifact ?? null),
    conditions: draftConditions(member, state).map((draft) => {
      const same = before?.conditions.find(({ type, status }) => type === draft.type && status === draft.status);
      return { ...draft, lastTransitionTime: same?.lastTransitionTime ?? state.now };
    }),
  };
}

function artifactOf(tree: SourceTree, before: SourceReport['artifact']): NonNullable<SourceReport['artifact']> {
  if (before?.revision === tree.revision) return before;
  const hash = createHash('sha256');
  for (const path of [...tree.files.keys()].sort()) hash.update(`${path}\0${tree.files.get(path)?.id ?? ''}\n`);
  return { revision: tree.revision, digest: `sha256:${hash.digest('hex')}`, files: tree.files.size };
}

function draftConditions(member: SourceMember, state: GatewayState): readonly Draft[] {
  const faults = [fetchFault(member), verificationFault(member), buildFault(member), testFault(member)].filter(
    (each) => each !== null,
  );
  const drafts: Draft[] = [ready(member, state, faults[0] ?? null), ...reconciling(member, state), ...stalled(member)];
  drafts.push(
    ...faults.filter(({ type }) => type !== 'SourceVerified'),
    ...verified(member),
    ...outdated(member, state),
  );
  if (state.storageFault !== null) {
    const message = state.storageFault;
    drafts.push({ type: 'StorageOperationFailed', status: 'True', reason: 'ArchiveOperationFailed', message });
  } else if (state.stored) {
    const message = 'the snapshot that serves is in the state folder';
    drafts.push({ type: 'ArtifactInStorage', status: 'True', reason: 'Succeeded', message });
  }
  return drafts;
}

function ready({ spec, latest, good }: SourceMember, state: GatewayState, fault: Draft | null): Draft {
  if (spec.suspend === true && fault === null) {
    return { type: 'Ready', status: 'True', reason: 'Suspended', message: 'the source is suspended' };
  }
  if (fault !== null) return { type: 'Ready', status: 'False', reason: fault.reason, message: fault.message };
  if (latest === null || (good === null && !state.fromState)) {
    return { type: 'Ready', status: 'Unknown', reason: 'Progressing', message: 'the source was not read yet' };
  }
  const message = `serves revision ${state.rolledBackTo ?? good?.revision ?? latest.revision}`;
  return { type: 'Ready', status: 'True', reason: 'Succeeded', message };
}

function reconciling({ failures, problems }: SourceMember, { syncing }: GatewayState): readonly Draft[] {
  if (failures > 0) {
    const message = `tried again after ${failures} failed attempts: ${problems[0]?.message ?? ''}`;
    return [{ type: 'Reconciling', status: 'True', reason: 'ProgressingWithRetry', message }];
  }
  if (!syncing) return [];
  return [{ type: 'Reconciling', status: 'True', reason: 'Progressing', message: 'the source is being looked at' }];
}

/** What waiting does not cure: the gateway was told something that can not be right. */
const STALLED_REASONS: Readonly<Record<string, string>> = {
  SOURCE_PROTOCOL: 'URLInvalid',
  SOURCE_SPEC_INVALID: 'InvalidSpec',
  REF_INVALID: 'InvalidSpec',
  GIT_MISSING: 'GitMissing',
};

function stalled({ problems }: SourceMember): readonly Draft[] {
  const [first] = problems;
  const reason = first === undefined ? undefined : STALLED_REASONS[first.code];
  if (first === undefined || reason === undefined) return [];
  return [{ type: 'Stalled', status: 'True', reason, message: first.message }];
}

const FETCH_REASONS: Readonly<Record<string, string>> = {
  SOURCE_PROTOCOL: 'URLInvalid',
  SOURCE_UNAUTHORIZED: 'AuthenticationFailed',
  SECRET_INVALID: 'AuthenticationFailed',
  PATH_MISSING: 'InvalidPath',
  SOURCE_LOCKED: 'AcquireLockFailed',
  SOURCE_SUSPENDED: 'Suspended',
};

const VERIFICATION_CODES: ReadonlySet<string> = new Set(['SOURCE_UNVERIFIED', 'VERIFY_KEYS_INVALID']);

function fetchFault({ problems }: SourceMember): Draft | null {
  const [first] = problems;
  if (first === undefined || VERIFICATION_CODES.has(first.code)) return null;
  const reason = FETCH_REASONS[first.code] ?? 'GitOperationFailed';
  return { type: 'FetchFailed', status: 'True', reason, message: first.message };
}

function verificationFault({ problems }: SourceMember): Draft | null {
  const [first] = problems;
  if (first === undefined || !VERIFICATION_CODES.has(first.code)) return null;
  return { type: 'SourceVerified', status: 'False', reason: 'VerificationError', message: first.message };
}

function verified(member: SourceMember): readonly Draft[] {
  const fault = verificationFault(member);
  if (fault !== null) return [fault];
  const sentence = member.latest?.verified ?? null;
  if (sentence === null) return [];
  return [{ type: 'SourceVerified', status: 'True', reason: 'Succeeded', message: sentence }];
}

function buildFault({ rejected }: SourceMember): Draft | null {
  const problems = (rejected?.problems ?? []).filter(({ severity }) => severity === 'error');
  const [first] = problems;
  if (first === undefined) return null;
  const reason = problems.every(({ code }) => code === 'TEST_FAILED') ? 'TestsFailed' : 'PoliciesInvalid';
  const more = problems.length > 1 ? `, and ${problems.length - 1} more problems` : '';
  const place = first.file === '' ? '' : `${first.file}:${first.line ?? 1}: `;
  const message = `${rejected?.revision ?? 'the commit'} is not served: ${place}${first.message}${more}`;
  return { type: 'BuildFailed', status: 'True', reason, message };
}

/** It serves, and does not do what its tests say. */
function testFault({ failingTests, good }: SourceMember): Draft | null {
  const [first] = failingTests;
  if (first === undefined) return null;
  const more = failingTests.length > 1 ? `, and ${failingTests.length - 1} more` : '';
  const message = `${good?.revision ?? 'the source'} serves, and fails its tests by what others have changed: ${first.message}${more}`;
  return { type: 'Healthy', status: 'False', reason: 'TestsFailed', message };
}

function outdated({ latest, good }: SourceMember, { rolledBackTo }: GatewayState): readonly Draft[] {
  if (rolledBackTo !== null) {
    const message = `serves ${rolledBackTo} after a rollback, until Git moves on from ${latest?.revision ?? 'here'}`;
    return [{ type: 'ArtifactOutdated', status: 'True', reason: 'RolledBack', message }];
  }
  if (latest === null || good === null || latest.revision === good.revision) return [];
  const message = `serves ${good.revision}; the newest revision is ${latest.revision}`;
  return [{ type: 'ArtifactOutdated', status: 'True', reason: 'NewRevision', message }];
}
