/** Compiles calls of functions into closures: their arguments are known, and what a pipeline hands over is checked when it comes. */
import type { EvaluateArgument } from './argument.ts';
import type { GoFunc } from './func.ts';
import { textKey } from './indexing.ts';
import type { Evaluate, Frame, Slot } from './run.ts';
import type { Site } from './site.ts';
import type { GoValue } from './value.ts';

/** `index x "key"`, by far the most frequent call in templates. */
export function bindIndex(func: GoFunc, item: EvaluateArgument, key: string, site: Site): Evaluate {
  return (frame, dot) => {
    const { run } = frame;
    const value = item(frame, dot);
    try {
      if (--run.fuel < 0) run.refuel();
      const found = textKey(value, key);
      return found === undefined ? func.call([value, key], run) : found;
    } catch (cause) {
      throw site.calling('index', cause);
    }
  };
}

/** The call itself; small numbers of arguments, by far the most frequent, need no loop. */
export function bindCall(
  func: GoFunc,
  name: string,
  evaluators: readonly EvaluateArgument[],
  validateFinal: ((value: Slot) => GoValue) | null,
  site: Site,
): Evaluate {
  const called: Called = { func, name, site };
  const [first, second, third] = evaluators;
  if (validateFinal !== null) return callPiped(called, evaluators, validateFinal);
  if (first === undefined) return callWithMany(called, []);
  if (second === undefined) return callWithOne(called, first);
  return third === undefined ? callWithTwo(called, first, second) : callWithMany(called, evaluators);
}

interface Called {
  readonly func: GoFunc;
  readonly name: string;
  readonly site: Site;
}

function invoke({ func, name, site }: Called, { run }: Frame, args: readonly GoValue[]): Slot {
  try {
    if (--run.fuel < 0) run.refuel();
    return func.call(args, run);
  } catch (cause) {
    throw site.calling(name, cause);
  }
}

function callWithOne(called: Called, first: EvaluateArgument): Evaluate {
  return (frame, dot) => invoke(called, frame, [first(frame, dot)]);
}

function callWithTwo(called: Called, first: EvaluateArgument, second: EvaluateArgument): Evaluate {
  return (frame, dot) => invoke(called, frame, [first(frame, dot), second(frame, dot)]);
}

function callWithMany(called: Called, evaluators: readonly EvaluateArgument[]): Evaluate {
  return (frame, dot) =>
    invoke(
      called,
      frame,
      evaluators.map((evaluate) => evaluate(frame, dot)),
    );
}

function callPiped(
  called: Called,
  evaluators: readonly EvaluateArgument[],
  validateFinal: (value: Slot) => GoValue,
): Evaluate {
  return (frame, dot, final) => {
    const args = evaluators.map((evaluate) => evaluate(frame, dot));
    args.push(validateFinal(final));
    return invoke(called, frame, args);
  };
}
