/** For authors of tasks: see docs/add-a-task.md. Needs vitest. */
export { describeTask } from './describeTask.js';
export type { DescribeTaskOptions } from './describeTask.js';
