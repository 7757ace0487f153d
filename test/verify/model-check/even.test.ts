/** Half of the model check; see `support/model-check.ts`. */
import { modelCheck } from '../support/model-check.ts';

modelCheck(0, 2);
