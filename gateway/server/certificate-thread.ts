/** The thread that makes certificates: one task, one answer. */
import { parentPort, workerData } from 'node:worker_threads';
import type { IssueTask } from './certificate.ts';
import { issueCertificates } from './certificate-issue.ts';

parentPort?.postMessage(await issueCertificates(workerData as IssueTask));
