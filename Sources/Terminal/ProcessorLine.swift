import Tensors

/// The processor and the kernels of OpenBLAS that a run computes with, and what is wrong with them.
package var processorLine: String {
  let kernels = BLASKernels.current
  let notice = kernels.notice.map { "\n" + $0 } ?? ""
  return "processor \(Processor.current), OpenBLAS kernels \(kernels)\(notice)"
}
