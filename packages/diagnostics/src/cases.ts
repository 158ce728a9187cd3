export { bottleneckRankPrograms } from "./bottleneck-rank/bottleneck-rank.case.ts";
