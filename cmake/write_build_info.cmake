# Run by the target prl_build_info_file with SOURCE_DIR, OUTPUT, COMPILER, FLAGS, BUILD_TYPE and library versions set.
find_program(git git)
set(commit "unknown")
if(git)
  execute_process(COMMAND ${git} -C ${SOURCE_DIR} rev-parse --short=12 HEAD
                  OUTPUT_VARIABLE head OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed)
    set(commit ${head})
    execute_process(COMMAND ${git} -C ${SOURCE_DIR} diff --quiet HEAD -- core envs device algorithms parallel runner
                    RESULT_VARIABLE dirty)
    if(dirty)
      string(APPEND commit "-modified")
    endif()
  endif()
endif()

file(GLOB_RECURSE sources
  ${SOURCE_DIR}/core/*.?pp ${SOURCE_DIR}/envs/*.?pp ${SOURCE_DIR}/device/*.?pp ${SOURCE_DIR}/device/*.cu*
  ${SOURCE_DIR}/algorithms/*.?pp
  ${SOURCE_DIR}/parallel/*.?pp ${SOURCE_DIR}/runner/*.?pp)
list(SORT sources)
set(digests "")
foreach(source IN LISTS sources)
  file(SHA256 ${source} digest)
  string(APPEND digests ${digest})
endforeach()
string(SHA256 source_digest "${digests}")
string(SUBSTRING ${source_digest} 0 16 source_digest)

file(CONFIGURE OUTPUT ${OUTPUT} CONTENT [[#pragma once

#define PRL_BUILD_COMMIT "@commit@"
#define PRL_BUILD_SOURCE_DIGEST "@source_digest@"
#define PRL_BUILD_COMPILER "@COMPILER@"
#define PRL_BUILD_FLAGS "@FLAGS@"
#define PRL_BUILD_TYPE "@BUILD_TYPE@"
#define PRL_BUILD_TORCH_VERSION "@TORCH_VERSION@"
#define PRL_BUILD_TBB_VERSION "@TBB_VERSION@"
#define PRL_BUILD_MPI_VERSION "@MPI_VERSION@"
]] @ONLY)
