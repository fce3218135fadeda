import { arcEasyManifest } from '../manifests/arcEasy.js';
import { arcTask } from './arc.js';

export const arcEasy = arcTask('Easy', 'easier questions of school examinations in science', arcEasyManifest);
