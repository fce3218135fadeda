import { fileURLToPath } from 'node:url';
import type { NoWebGpu } from '../../backend/webgpu/access.js';
import { nodeMessages } from '../messages.js';
import { failureSummary, runCommand } from '../provision/command.js';

const script = fileURLToPath(new URL('../../../src/node/webgpu/proveDawn.mjs', import.meta.url));
const TIMEOUT_MS = 120_000;
const TWICE_21 = 42;

interface Proof {
  readonly adapter: string;
  readonly doubled: number;
}

/** Has Dawn compute in a process of its own, which a driver may crash; undefined where all is well. */
export async function proveDawn(environment: NodeJS.ProcessEnv): Promise<NoWebGpu | undefined> {
  const { code, stdout, output } = await runCommand(process.execPath, [script], { environment, timeoutMs: TIMEOUT_MS });
  const remedy = nodeMessages.webgpuDriverRemedy();
  const loaderMissing = /Couldn't load Vulkan: (.*)/.exec(output);
  if (loaderMissing !== null) {
    return { reason: nodeMessages.webgpuNoLoader(loaderMissing[1]!), remedy: nodeMessages.webgpuNoLoaderRemedy() };
  }
  if (code !== 0) return { reason: nodeMessages.webgpuProofFailed(code, failureSummary(output)), remedy };
  const proof = JSON.parse(stdout) as Proof | null;
  if (proof === null) return { reason: nodeMessages.webgpuNoAdapter(warnings(output)), remedy };
  if (proof.doubled === TWICE_21) return undefined;
  return { reason: nodeMessages.webgpuProofWrong(proof.adapter, TWICE_21, proof.doubled), remedy };
}

/** What Dawn and Vulkan's loader wrote of drivers. */
function warnings(output: string): string {
  return [...output.matchAll(/^Warning: (.*)$/gm)].map(([, text]) => text).join('; ');
}
