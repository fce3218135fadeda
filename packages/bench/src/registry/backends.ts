/** Adds the backends of packages above core to those that core's Node entry knows. Imported for that alone. */
import { registerTorchBackend } from '@leantune/torch';

registerTorchBackend();
