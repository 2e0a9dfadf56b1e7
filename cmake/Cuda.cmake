# GPU kernels: CUDA's compiler and its runtime library, no other part of the toolkit and nothing of LibTorch's CUDA.
include_guard(GLOBAL)

set(PRL_CUDA AUTO CACHE STRING "GPU kernels: AUTO (where nvcc is found and works), ON, or OFF")
set_property(CACHE PRL_CUDA PROPERTY STRINGS AUTO ON OFF)
set(PRL_CUDA_ARCHITECTURES "" CACHE STRING
    "Compute capabilities to build kernels for, e.g. 80;90; empty for 80, 90 and the newest that nvcc knows")

set(prl_cuda_version "")
if(NOT PRL_CUDA STREQUAL "OFF")
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    # CMake asks for a default before it reads the compiler's; every target sets its own.
    set(CMAKE_CUDA_ARCHITECTURES OFF)
    enable_language(CUDA)
  endif()
  # C++20 in kernels begins with version 12.
  if(CMAKE_CUDA_COMPILER AND CMAKE_CUDA_COMPILER_VERSION VERSION_GREATER_EQUAL 12.0)
    set(prl_cuda_version ${CMAKE_CUDA_COMPILER_VERSION})
  elseif(PRL_CUDA STREQUAL "ON")
    message(FATAL_ERROR "PRL_CUDA is ON, but no nvcc of version 12 or later works here: put it on the PATH, set "
                        "CUDACXX to it, or leave PRL_CUDA at AUTO to build without kernels")
  endif()
endif()

if(prl_cuda_version)
  if(PRL_CCACHE)
    set(CMAKE_CUDA_COMPILER_LAUNCHER ${PRL_CCACHE})
  endif()
  set(prl_cuda_targets ${PRL_CUDA_ARCHITECTURES})
  if(NOT prl_cuda_targets)
    execute_process(COMMAND ${CMAKE_CUDA_COMPILER} --list-gpu-arch OUTPUT_VARIABLE known)
    string(REGEX MATCHALL "[0-9]+" known "${known}")
    list(SORT known COMPARE NATURAL)
    list(POP_BACK known newest)
    set(prl_cuda_targets 80 90 ${newest})
  endif()
  list(REMOVE_DUPLICATES prl_cuda_targets)
  # Machine code of each, and of the oldest the form that a driver compiles for devices in between.
  list(JOIN prl_cuda_targets ", " prl_cuda_target_names)
  list(POP_FRONT prl_cuda_targets oldest)
  list(TRANSFORM prl_cuda_targets APPEND -real OUTPUT_VARIABLE prl_cuda_code)
  list(PREPEND prl_cuda_code ${oldest})
  # Contraction off as on the host (CompileSettings.cmake), division and square root rounded correctly, no flush to
  # zero, which are nvcc's defaults: a kernel has the bits of the host's code.
  # CMake before 3.26 does not know nvcc's flag for C++20; targets set CUDA_STANDARD_REQUIRED OFF.
  add_library(prl_cuda_settings INTERFACE)
  target_include_directories(prl_cuda_settings INTERFACE ${CMAKE_SOURCE_DIR})
  target_compile_options(prl_cuda_settings INTERFACE
    -std=c++20 --expt-relaxed-constexpr --fmad=false -Xcompiler=-Wall,-Wextra)
  message(STATUS "GPU kernels: CUDA ${prl_cuda_version}, compute capabilities ${prl_cuda_target_names}")
else()
  message(STATUS "GPU kernels: none (no working nvcc of version 12 or later, or PRL_CUDA=OFF)")
endif()
