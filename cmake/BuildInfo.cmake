# Writes build_info.hpp at build time: commit, digest of the compiled sources, compiler and flags. The file changes, and
# what includes it is compiled again, only when one of them does.
include_guard(GLOBAL)

get_target_property(prl_flags prl_settings INTERFACE_COMPILE_OPTIONS)
list(FILTER prl_flags EXCLUDE REGEX "^-W")
list(JOIN prl_flags " " prl_flags)
set(prl_build_info ${CMAKE_BINARY_DIR}/generated/build_info.hpp)
add_custom_target(prl_build_info_file
  COMMAND ${CMAKE_COMMAND}
    -DSOURCE_DIR=${CMAKE_SOURCE_DIR} -DOUTPUT=${prl_build_info}
    "-DCOMPILER=${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}"
    "-DFLAGS=${prl_flags}" "-DBUILD_TYPE=${CMAKE_BUILD_TYPE}"
    "-DTORCH_VERSION=${prl_torch_version}" "-DTBB_VERSION=${TBB_VERSION}" "-DMPI_VERSION=${prl_mpi_version}"
    -P ${CMAKE_SOURCE_DIR}/cmake/write_build_info.cmake
  BYPRODUCTS ${prl_build_info}
  COMMENT "Recording commit, sources and flags" VERBATIM)
add_library(prl_build_info INTERFACE)
target_include_directories(prl_build_info INTERFACE ${CMAKE_BINARY_DIR}/generated)
add_dependencies(prl_build_info prl_build_info_file)
