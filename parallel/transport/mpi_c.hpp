// MPI's C interface. Libraries that still bring the C++ bindings, which the MPI 3 standard removed, are told to leave
// them out: they would have to be linked.
#pragma once

#ifndef OMPI_SKIP_MPICXX
#define OMPI_SKIP_MPICXX 1
#endif
#ifndef MPICH_SKIP_MPICXX
#define MPICH_SKIP_MPICXX 1
#endif
#include <mpi.h>
