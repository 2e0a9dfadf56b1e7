// How a device's compiler treats a loop; the host's decides by itself.
#pragma once

// Unrolled: of constant length, its body indexes arrays of a thread, which stay in registers only then.
// Rolled: of few passes through a long body, of which one copy should exist.
// Inlined: a function that is given what a thread keeps, which a call would put into memory.
#if defined(__CUDA_ARCH__)
#define PRL_DEVICE_UNROLL _Pragma("unroll")
#define PRL_DEVICE_ROLLED _Pragma("unroll 1")
#else
#define PRL_DEVICE_UNROLL
#define PRL_DEVICE_ROLLED
#endif
#if defined(__CUDACC__)
#define PRL_DEVICE_INLINE __forceinline__
#else
#define PRL_DEVICE_INLINE inline
#endif
