import { arcChallengeManifest } from '../manifests/arcChallenge.js';
import { arcTask } from './arc.js';

export const arcChallenge = arcTask(
  'Challenge',
  'harder questions of school examinations in science',
  arcChallengeManifest,
);
