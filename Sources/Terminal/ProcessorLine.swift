import Tensors

/// The processor and the OpenBLAS kernels that a run uses, with a notice if they do not fit.
package var processorLine: String {
  let kernels = BLASKernels.current
  let notice = kernels.notice.map { "\n" + $0 } ?? ""
  return "processor \(Processor.current), OpenBLAS kernels \(kernels)\(notice)"
}
