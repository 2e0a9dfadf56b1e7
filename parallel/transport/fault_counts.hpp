// What a run that goes on without its dead workers counts of them, warm-up rounds included.
#pragma once

namespace prl {

struct FaultCounts {
  long ended = 0;           // workers that ended before they were told to
  long replaced = 0;        // that another process has taken the place of
  long segments_begun = 0;  // by all workers: those learned from, those lost, and those under way at the end
  long segments_lost = 0;   // begun by workers that then ended, and never learned from
  long merges_lost = 0;     // begun by workers that then ended, and applied to a part of the parameters only
};

}  // namespace prl
