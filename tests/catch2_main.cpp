// The entry point of every test program. Written out, since Catch2 2 makes it by a macro and 3 by a library of its own.
#define CATCH_CONFIG_RUNNER
#include "tests/catch2.hpp"

int main(int argc, char* argv[]) { return Catch::Session().run(argc, argv); }
