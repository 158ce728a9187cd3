import { currentBackend, fail } from "@evenkeel/autodiff";

/** Refuses a backend whose numbers cannot be looked at while a network runs. */
export function checkInProcess(where: string): void {
  const { inProcess, name } = currentBackend();
  if (inProcess) return;
  fail({
    where,
    expected: "a backend whose memory is in the process",
    got: name,
    hint: "useBackend(cpu), build the model there and load its state: readStateDict of @evenkeel/nn.",
  });
}
