import { limitError } from './error.ts';
import {
  MAX_LIST_LENGTH,
  MAX_STEPS_PER_EXPRESSION,
  MAX_STEPS_PER_REVIEW,
  MAX_TEXT_LENGTH,
  UNITS_PER_STEP,
} from './limits.ts';

/** What evaluations of one review may still do. Each evaluation begins with `begin`. */
export class Budget {
  #left = 0;
  #reviewLeft: number;
  readonly #perExpression: number;

  constructor(perReview = MAX_STEPS_PER_REVIEW, perExpression = MAX_STEPS_PER_EXPRESSION) {
    this.#reviewLeft = perReview;
    this.#perExpression = perExpression;
  }

  /** Runs one evaluation; one that runs inside another (a variable) has its own steps. */
  begin<T>(evaluate: () => T): T {
    const outer = this.#left;
    const granted = Math.min(this.#perExpression, this.#reviewLeft);
    this.#left = granted;
    try {
      return evaluate();
    } finally {
      this.#reviewLeft -= granted - Math.max(0, this.#left);
      this.#left = outer;
    }
  }

  /** Throws CelError CEL_LIMIT when the steps are used up. */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw limitError('the expression takes more steps than its budget has');
  }

  /** For reading or making that many characters, bytes or elements. */
  spendUnits(units: number): void {
    this.spend(Math.ceil(units / UNITS_PER_STEP));
  }

  /** Before a text of this length is made. */
  admitText(length: number): void {
    if (length > MAX_TEXT_LENGTH) throw limitError(`the expression makes a text longer than ${MAX_TEXT_LENGTH}`);
    this.spendUnits(length);
  }

  /** Before a list of this length is made. */
  admitList(length: number): void {
    if (length > MAX_LIST_LENGTH)
      throw limitError(`the expression makes a list of more than ${MAX_LIST_LENGTH} elements`);
    this.spendUnits(length);
  }
}
