import { existsSync } from 'node:fs';

/** SwiftShader, a Vulkan driver that computes on the CPU, as Debian's `chromium-common` installs it. */
const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** Has Vulkan find SwiftShader where it is installed and the environment names no driver: `webgpu` then loads anywhere. */
export function useSoftwareWebGpu(): void {
  const { env } = process;
  if (env.VK_DRIVER_FILES || env.VK_ICD_FILENAMES || !existsSync(swiftShader)) return;
  env.VK_DRIVER_FILES = swiftShader;
  env.VK_ICD_FILENAMES = swiftShader; // what Vulkan's loader called it before 1.3.207
}
