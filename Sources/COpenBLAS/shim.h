#pragma once
#if __has_include(<cblas.h>) && __has_include(<lapacke.h>)
#include <cblas.h>
#include <lapacke.h>
#else
#error "OpenBLAS or LAPACKE is not installed. Debian and Ubuntu: sudo apt-get install pkg-config libopenblas-dev liblapacke-dev. Fedora: sudo dnf install pkgconf openblas-devel. Arch: sudo pacman -S pkgconf blas-openblas. Alpine: sudo apk add pkgconf openblas-dev. macOS: brew install pkgconf openblas. Then build again."
#endif
