/** `npm run bench`: prints one JSON line per measurement, and what it means on stderr. */
import { benchSteps } from './steps.ts';

for (const [inFlight, runs] of [
  [1, 300],
  [50, 2_000],
] as const) {
  const result = await benchSteps(inFlight, runs);
  console.log(
    JSON.stringify({
      bench: '10 steps',
      ...result,
      ratio: Number((result.stepsPerSecond / result.rawPerSecond).toFixed(3)),
    }),
  );
}
