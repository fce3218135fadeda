/** A process that takes part in a comparison: it is asked, answers, and sleeps until it is asked again. */
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { LeantuneError } from '@leantune/core';
import type { z } from 'zod';
import { benchMessages } from '../messages/bench.js';
import { errorAnswerSchema, turnAnswerSchema } from './protocol.js';
import type { Request, TurnAnswer } from './protocol.js';

export interface ContestantCommand {
  /** For people: `ours on torch`, `transformers`. */
  readonly name: string;
  readonly executable: string;
  readonly words: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
}

/** Characters of its last words that an error quotes. */
const stderrTail = 2000;

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class Contestant {
  readonly name: string;
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly ended: Promise<void>;
  private waiting: Waiting | undefined;
  private failure: LeantuneError | undefined;
  private stderr = '';

  constructor({ name, executable, words, environment }: ContestantCommand) {
    this.name = name;
    this.child = spawn(executable, words, { env: environment, stdio: 'pipe' });
    this.child.stderr.on('data', (chunk: Buffer) => {
      this.stderr = `${this.stderr}${chunk.toString()}`.slice(-stderrTail);
    });
    // A process that is gone closes its stdin: `close` tells why.
    this.child.stdin.on('error', () => undefined);
    createInterface({ input: this.child.stdout }).on('line', (line) => this.hear(line));
    this.ended = new Promise((resolve) => {
      this.child.once('error', (error) => this.fail(benchMessages.notStarted(name, error.message)));
      this.child.once('close', (code, signal) => {
        this.fail(benchMessages.ended(name, signal ?? `exit code ${code}`, this.stderr.trim()));
        resolve();
      });
    });
  }

  /** @throws LeantuneError where the process fails, ends, or answers something else */
  async ask<Answer>(request: Request, schema: z.ZodType<Answer>): Promise<Answer> {
    const answer = await new Promise<unknown>((resolve, reject) => {
      if (this.failure !== undefined) return reject(this.failure);
      this.waiting = { resolve, reject };
      this.child.stdin.write(`${JSON.stringify(request)}\n`);
    });
    const error = errorAnswerSchema.safeParse(answer);
    if (error.success) throw failed(benchMessages.contestantFailed(this.name, error.data.error));
    const parsed = schema.safeParse(answer);
    if (!parsed.success) throw failed(benchMessages.notAnAnswer(this.name, JSON.stringify(answer)));
    return parsed.data;
  }

  turn(): Promise<TurnAnswer> {
    return this.ask({ do: 'turn' }, turnAnswerSchema);
  }

  /** Lets it end: it does when its stdin is closed; one that is in the middle of something is ended. */
  async close(): Promise<void> {
    if (this.waiting !== undefined) this.child.kill();
    this.child.stdin.end();
    await this.ended;
  }

  private hear(line: string): void {
    let answer: unknown;
    try {
      answer = JSON.parse(line);
    } catch {
      return this.fail(benchMessages.notAnAnswer(this.name, line));
    }
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.resolve(answer);
  }

  private fail(message: string): void {
    this.failure ??= failed(message);
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.reject(this.failure);
  }
}

function failed(message: string): LeantuneError {
  return new LeantuneError(message, { code: 'LEANTUNE_CONTESTANT' });
}
