# What every target of the project compiles with: prl_settings is linked by all of them.
include_guard(GLOBAL)

add_library(prl_settings INTERFACE)
target_include_directories(prl_settings INTERFACE ${CMAKE_SOURCE_DIR})
# Contraction off: products and sums fuse only where the code says so, so that the scalar tail of a loop has the bits of
# its vector body. The other two let loops over sqrt and selections vectorise and change no bits.
target_compile_options(prl_settings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  -ffp-contract=off -fno-math-errno -fno-trapping-math)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(prl_settings INTERFACE -O3)
endif()
if(PRL_NATIVE)
  target_compile_options(prl_settings INTERFACE -march=native)
endif()
if(PRL_WARNINGS_AS_ERRORS)
  target_compile_options(prl_settings INTERFACE -Werror)
endif()
if(PRL_SANITIZE)
  target_compile_options(prl_settings INTERFACE -fsanitize=${PRL_SANITIZE} -fno-omit-frame-pointer -g)
  target_link_options(prl_settings INTERFACE -fsanitize=${PRL_SANITIZE})
endif()
