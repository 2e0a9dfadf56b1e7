// Catch2 2 (one header) or 3 (a library), whichever is installed. Tests use what both have; Approx is Catch::Approx.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
