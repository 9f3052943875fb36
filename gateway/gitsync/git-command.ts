/**
 * The one way this project runs git: through simple-git's guards, with an environment and a configuration of our own, no prompts,
 * no hooks, a time limit, an output limit, and messages that show no credentials.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SimpleGit } from 'simple-git';
import { GIT_READ_TIMEOUT_MS, MAX_GIT_OUTPUT_BYTES } from './limits.ts';
import { type Credentials, redactUrls } from './location.ts';
import type { SourceSecrets } from './source-secrets.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface GitCommandOptions {
  readonly timeoutMs?: number;
  readonly maxOutputBytes?: number;
  readonly signal?: AbortSignal | undefined;
  /** What the command reads. */
  readonly input?: string;
}

export interface Git {
  /** Runs git in the repository's folder and gives its standard output as text (UTF-8, invalid bytes as U+FFFD). */
  run(args: readonly string[], options?: GitCommandOptions): Promise<string>;
  /** `git cat-file --batch` with these lines as input; its raw output. */
  catFile(input: string, options?: GitCommandOptions): Promise<Buffer>;
}

/** How a command failed. `stderr` is redacted; git gives no finer codes than its texts, see git-failure.ts. */
export class GitError extends Error {
  override readonly name = 'GitError';
  readonly reason: 'exit' | 'timeout' | 'output' | 'aborted' | 'spawn';
  readonly exitCode: number;
  readonly stderr: string;
  constructor(reason: GitError['reason'], exitCode: number, stderr: string) {
    super(`git ${reason === 'exit' ? `ended with ${exitCode}` : reason}: ${stderr}`);
    this.reason = reason;
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

export interface GitOptions {
  /** Folder to run in; has to exist. */
  readonly directory: string;
  /** A folder of our own for the configuration file. */
  readonly homeDirectory: string;
  /** The process's environment: only the names in PASSED_ON reach git. */
  readonly environment: Environment;
  /** Protocols git may use; empty for commands that must stay on local objects. */
  readonly protocols: readonly string[];
  readonly credentials?: { readonly url: string; readonly value: Credentials } | null;
  /** The rest of what the source's secrets hold; `url` says which server a token is for, null that it is for none. */
  readonly secrets?: { readonly url: string | null; readonly value: SourceSecrets } | null;
  /** Further variables and lines of configuration, for checking signatures. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly configuration?: readonly string[];
}

/** What an operator may set for git: where programs, keys, proxies and CA files are, and how to ask for credentials. */
const PASSED_ON = [
  ...['PATH', 'HOME', 'USER', 'TMPDIR', 'TEMP', 'SYSTEMROOT', 'SSH_AUTH_SOCK', 'SSL_CERT_FILE', 'SSL_CERT_DIR'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'],
  ...['GIT_SSH_COMMAND', 'GIT_SSH', 'GIT_SSH_VARIANT', 'GIT_ASKPASS', 'GIT_SSL_CAINFO', 'GIT_SSL_CAPATH'],
  ...['GIT_SSL_CERT', 'GIT_SSL_KEY'],
];
const SET_BY_US = [
  ...['GIT_CONFIG_NOSYSTEM', 'GIT_CONFIG_GLOBAL', 'GIT_TERMINAL_PROMPT', 'GIT_ALLOW_PROTOCOL', 'GIT_NO_LAZY_FETCH'],
  ...['GIT_NO_REPLACE_OBJECTS', 'GIT_OPTIONAL_LOCKS', 'GIT_ADVICE', 'GIT_PAGER', 'GNUPGHOME'],
  ...['GIT_CONFIG_COUNT', 'GIT_CONFIG_KEY_0', 'GIT_CONFIG_VALUE_0'],
];
/** How long an ended git may take to close its output before it is given up. */
const KILL_GRACE_MS = 5_000;
const MAX_STDERR = 2_000;

/**
 * Prepares git for one repository; writes the configuration file, runs nothing.
 *
 * System and user configuration are not read, so that a gateway does everywhere the same and nothing in them runs programs; an
 * operator who wants some names it in GIT_CONFIG_GLOBAL, and it is included first.
 */
export function createGit(options: GitOptions): Git {
  mkdirSync(options.homeDirectory, { recursive: true });
  const purpose = options.configuration !== undefined ? 'verify' : options.protocols.length === 0 ? 'read' : 'fetch';
  const configFile = join(options.homeDirectory, `${purpose}.gitconfig`);
  writeFileSync(configFile, configText(options), { mode: 0o600 });
  const environment = childEnvironment(options, configFile);
  const secrets = secretTexts(options.credentials?.value ?? null, options.secrets?.value.secrets ?? []);
  const redact = (text: string) => secrets.reduce((shown, secret) => shown.replaceAll(secret, '***'), redactUrls(text));

  const execute = async <T>(
    commandOptions: GitCommandOptions,
    input: string | undefined,
    task: (git: SimpleGit) => Promise<T>,
  ) => {
    // Sources that are folders do without it.
    const { simpleGit } = await import('simple-git');
    const abort = new AbortController();
    const limit = commandOptions.maxOutputBytes ?? MAX_GIT_OUTPUT_BYTES;
    const timeoutMs = commandOptions.timeoutMs ?? GIT_READ_TIMEOUT_MS;
    let ended: GitError | null = null;
    const end = (reason: GitError['reason'], message: string) => {
      ended ??= new GitError(reason, -1, message);
      abort.abort();
    };
    const onAbort = () => end('aborted', 'the sync was stopped');
    if (commandOptions.signal?.aborted === true) throw new GitError('aborted', -1, 'the sync was stopped');
    commandOptions.signal?.addEventListener('abort', onAbort, { once: true });
    const timer = setTimeout(() => end('timeout', `no end within ${timeoutMs} ms`), timeoutMs);
    let exitCode = 0;
    let stderr = '';
    const git = simpleGit({
      baseDir: options.directory,
      abort: abort.signal,
      ...(input === undefined ? {} : { input: () => input }),
      allowEnvironment: [...PASSED_ON, ...SET_BY_US],
      // These come from the operator's environment and from this file, never from a repository.
      unsafe: {
        allowUnsafeConfigPaths: true,
        allowUnsafeSshCommand: true,
        allowUnsafeAskPass: true,
        allowUnsafePager: true,
        allowUnsafeConfigEnvCount: true,
      },
      errors: (error, result) => {
        exitCode = result.exitCode;
        stderr = Buffer.concat(result.stdErr).toString('utf8');
        if (error === undefined && exitCode === 0) return undefined;
        return error ?? new Error(`exit ${exitCode}`);
      },
    })
      .env(environment)
      .outputHandler((_command, stdout) => {
        let bytes = 0;
        stdout.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > limit) end('output', `more than ${limit} bytes of output`);
        });
      });
    const given = withGrace(abort.signal);
    try {
      return await Promise.race([task(git), given.expired]);
    } catch (error) {
      if (ended !== null) throw ended;
      const text = stderr === '' && error instanceof Error ? error.message : stderr;
      throw new GitError(exitCode > 0 ? 'exit' : 'spawn', exitCode, redact(text).trim().slice(0, MAX_STDERR));
    } finally {
      clearTimeout(timer);
      given.cancel();
      commandOptions.signal?.removeEventListener('abort', onAbort);
    }
  };

  return {
    run: (args, commandOptions = {}) => execute(commandOptions, commandOptions.input, (git) => git.raw([...args])),
    catFile: (input, commandOptions = {}) =>
      execute(commandOptions, input, async (git) => (await git.binaryCatFile(['--batch'])) as Buffer),
  };
}

/** simple-git sends an interrupt and waits for the process to close; a process that does not is left behind after a while. */
function withGrace(signal: AbortSignal): { expired: Promise<never>; cancel(): void } {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => {
      timer = setTimeout(() => reject(new Error('git did not end')), KILL_GRACE_MS);
    });
  });
  return { expired, cancel: () => clearTimeout(timer) };
}

function configText(options: GitOptions): string {
  const lines: string[] = [];
  const include = options.environment['GIT_CONFIG_GLOBAL'];
  if (include !== undefined && include !== '') lines.push('[include]', `\tpath = ${quote(include)}`);
  lines.push('[core]', '\thooksPath = /dev/null', '\tfsmonitor = false', '\taskPass =');
  lines.push('[init]', '\ttemplateDir =', '\tdefaultBranch = main');
  // The folder was named by whoever runs the gateway; a mounted volume often belongs to another user.
  lines.push('[safe]', '\tdirectory = *');
  lines.push('[gc]', '\tauto = 0', '[maintenance]', '\tauto = false');
  // Every fetch into a pack of its own, whose growth can be measured while it runs.
  lines.push(
    '[fetch]',
    '\tunpackLimit = 1',
    '\tfsckObjects = true',
    '\trecurseSubmodules = false',
    '\twriteCommitGraph = false',
  );
  lines.push('[http]', '\tlowSpeedLimit = 1', '\tlowSpeedTime = 30', '\tfollowRedirects = initial');
  if (options.credentials) {
    // For this one server only, so that a redirect to another does not get them.
    lines.push(`[credential ${quote(new URL(options.credentials.url).origin)}]`, '\thelper =');
    lines.push(`\thelper = ${quote(CREDENTIAL_HELPER)}`);
  }
  lines.push(...(options.configuration ?? []));
  return `${lines.join('\n')}\n`;
}

/** Answers git's question from the environment: neither a command line nor a file holds the password. */
const CREDENTIAL_HELPER =
  '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$MESHGATE_GIT_USERNAME" "$MESHGATE_GIT_PASSWORD"; }; f';

function quote(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

function childEnvironment(options: GitOptions, configFile: string): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of PASSED_ON) {
    const value = options.environment[name];
    if (value !== undefined) environment[name] = value;
  }
  environment['LC_ALL'] = 'C';
  environment['GIT_CONFIG_NOSYSTEM'] = '1';
  environment['GIT_CONFIG_GLOBAL'] = configFile;
  environment['GIT_TERMINAL_PROMPT'] = '0';
  environment['GIT_ALLOW_PROTOCOL'] = options.protocols.length === 0 ? 'none' : options.protocols.join(':');
  environment['GIT_NO_LAZY_FETCH'] = '1';
  environment['GIT_NO_REPLACE_OBJECTS'] = '1';
  environment['GIT_OPTIONAL_LOCKS'] = '0';
  environment['GIT_SSH_COMMAND'] ??= 'ssh -oBatchMode=yes -oConnectTimeout=15';
  if (options.credentials) {
    environment['MESHGATE_GIT_USERNAME'] = options.credentials.value.username;
    environment['MESHGATE_GIT_PASSWORD'] = options.credentials.value.password;
  }
  if (options.secrets) addSecrets(environment, options.secrets.url, options.secrets.value);
  return Object.assign(environment, options.variables);
}

const PROXY_VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'];

/** Through the environment: neither a command line nor a file of ours holds a token or a proxy's password. */
function addSecrets(environment: Record<string, string>, url: string | null, secrets: SourceSecrets): void {
  const { bearerToken, caFile, proxyUrl, identityFile, knownHostsFile } = secrets;
  if (bearerToken !== null && url !== null) {
    environment['GIT_CONFIG_COUNT'] = '1';
    environment['GIT_CONFIG_KEY_0'] = `http.${new URL(url).origin}.extraHeader`;
    environment['GIT_CONFIG_VALUE_0'] = `Authorization: Bearer ${bearerToken}`;
  }
  if (caFile !== null) environment['GIT_SSL_CAINFO'] = caFile;
  if (proxyUrl !== null) for (const name of PROXY_VARIABLES) environment[name] = proxyUrl;
  if (identityFile === null && knownHostsFile === null) return;
  const ssh = ['ssh', '-F', '/dev/null', '-oBatchMode=yes', '-oConnectTimeout=15', '-oStrictHostKeyChecking=yes'];
  if (identityFile !== null) ssh.push('-oIdentitiesOnly=yes', '-i', shellQuote(identityFile));
  if (knownHostsFile !== null) ssh.push(shellQuote(`-oUserKnownHostsFile=${optionQuote(knownHostsFile)}`));
  environment['GIT_SSH_COMMAND'] = ssh.join(' ');
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A path as ssh takes it in an option that may hold several, and tokens such as %h. */
function optionQuote(path: string): string {
  return `"${path.replaceAll(/[\\"]/g, '\\$&').replaceAll('%', '%%')}"`;
}

/** Texts that must never be shown; very short ones would only blacken ordinary words. */
function secretTexts(credentials: Credentials | null, further: readonly string[]): readonly string[] {
  const plain = [...further];
  if (credentials !== null) plain.push(credentials.password === '' ? credentials.username : credentials.password);
  return plain.flatMap((text) => [text, encodeURIComponent(text)]).filter((text) => text.length >= 4);
}
