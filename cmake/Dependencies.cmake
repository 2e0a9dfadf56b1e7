# The packages the suite is built on.
include_guard(GLOBAL)

# LibTorch from CMAKE_PREFIX_PATH or Torch_DIR where given, else from the wheel in the project's virtual environment.
# The suite computes on the processor only, so of the wheel it links the two libraries that do, by hand: the
# TorchConfig.cmake of a wheel built with CUDA (what a plain index offers) fails where no CUDA toolkit is installed.
# Torch's headers are system headers: they are not ours to keep free of warnings.
add_library(prl_torch INTERFACE)
if(NOT Torch_DIR AND DEFINED ENV{Torch_DIR})
  set(Torch_DIR $ENV{Torch_DIR})
endif()
file(GLOB prl_wheel ${CMAKE_SOURCE_DIR}/.venv/lib/python3*/site-packages/torch)
if(NOT Torch_DIR AND NOT CMAKE_PREFIX_PATH AND prl_wheel)
  list(GET prl_wheel 0 prl_torch_root)
  target_include_directories(prl_torch SYSTEM INTERFACE
    ${prl_torch_root}/include ${prl_torch_root}/include/torch/csrc/api/include)
  target_link_libraries(prl_torch INTERFACE ${prl_torch_root}/lib/libtorch_cpu.so ${prl_torch_root}/lib/libc10.so)
else()
  find_package(Torch QUIET)
  if(NOT Torch_FOUND)
    message(FATAL_ERROR "LibTorch was not found: run 'make prerequisites', which installs it into .venv, or give your "
                        "own with -DCMAKE_PREFIX_PATH=DIR or -DTorch_DIR=DIR/share/cmake/Torch")
  endif()
  get_filename_component(prl_torch_root ${Torch_DIR}/../../.. ABSOLUTE)
  separate_arguments(prl_torch_flags NATIVE_COMMAND "${TORCH_CXX_FLAGS}")
  target_include_directories(prl_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
  target_compile_options(prl_torch INTERFACE ${prl_torch_flags})
  target_link_libraries(prl_torch INTERFACE ${TORCH_LIBRARIES})
endif()

find_package(Threads REQUIRED)
find_package(TBB REQUIRED)
find_package(MPI REQUIRED COMPONENTS C)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus QUIET)
if(NOT tomlplusplus_FOUND)
  find_path(PRL_TOMLPLUSPLUS_INCLUDE toml++/toml.h REQUIRED)
endif()
find_package(fmt REQUIRED)
find_package(benchmark REQUIRED)
find_package(Catch2 REQUIRED)
find_package(Python3 REQUIRED COMPONENTS Interpreter)

# Versions for the provenance of records, read from the headers: the packages' own CMake files do not say.
function(prl_read_version output header major minor patch)
  set(version "unknown")
  if(EXISTS ${header})
    file(STRINGS ${header} lines REGEX "define (${major}|${minor}|${patch}) +[0-9]+")
    set(version "")
    foreach(line IN LISTS lines)
      string(REGEX REPLACE ".* ([0-9]+) *$" "\\1" number ${line})
      list(APPEND version ${number})
    endforeach()
    list(JOIN version "." version)
  endif()
  set(${output} "${version}" PARENT_SCOPE)
endfunction()

prl_read_version(prl_torch_version ${prl_torch_root}/include/torch/headeronly/version.h
                 TORCH_VERSION_MAJOR TORCH_VERSION_MINOR TORCH_VERSION_PATCH)
find_file(prl_mpi_header mpi.h HINTS ${MPI_C_INCLUDE_DIRS} NO_CACHE)
prl_read_version(prl_mpi_version "${prl_mpi_header}" OMPI_MAJOR_VERSION OMPI_MINOR_VERSION OMPI_RELEASE_VERSION)
