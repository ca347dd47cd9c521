#include "bindings/python/align.hpp"

#include <pybind11/stl.h>

#include "algorithms/align/epoch_graph.hpp"
#include "algorithms/align/piecewise.hpp"
#include "algorithms/catalog.hpp"
#include "bindings/python/points.hpp"
#include "core/error.hpp"

namespace highwall::python {
namespace {

py::array_t<double> rows_of(const Eigen::MatrixXd& m) {
  py::array_t<double> out({m.rows(), m.cols()});
  for (Eigen::Index i = 0; i < m.rows(); ++i) {
    for (Eigen::Index j = 0; j < m.cols(); ++j) out.mutable_at(i, j) = m(i, j);
  }
  return out;
}

py::dict tie_of(const EpochEdge& edge) {
  py::dict d;
  d["epoch"] = edge.reference;
  d["used"] = edge.used;
  d["trouble"] = edge.trouble;
  d["verdict"] = edge.fit.verdict;
  return d;
}

py::dict series_of(const EpochGraph& graph) {
  py::list poses;
  for (const EpochPose& pose : graph.poses) {
    py::dict d;
    d["transform"] = rows_of(pose.transform.matrix());
    d["covariance"] = rows_of(pose.covariance);
    d["centre"] = std::vector<double>{graph.centre_m.x(), graph.centre_m.y(), graph.centre_m.z()};
    py::list ties;
    for (const EpochEdge& edge : pose.edges) ties.append(tie_of(edge));
    d["ties"] = ties;
    d["verdict"] = pose.verdict;
    poses.append(d);
  }
  py::dict d;
  d["poses"] = poses;
  d["covariance"] = rows_of(graph.joint);
  return d;
}

py::dict register_one(const py::object& epoch, const py::object& reference, int threads, const py::kwargs& keywords) {
  PiecewiseOptions options;
  apply(options, keywords, "register");
  const PointCloud* cloud = cloud_among({reference, epoch});
  const Cores target = points_of(reference, cloud, "reference");
  const Cores source = about(points_of(epoch, cloud, "epoch"), target.view.frame());
  return dict_of(
      without_gil(threads, [&](const Run& run) { return register_piecewise(source.view, target.view, options, run); }));
}

py::dict register_many(const py::object& reference, const py::sequence& epochs, int threads, const py::kwargs& keywords) {
  SeriesOptions options;
  PiecewiseOptions piecewise;
  apply_to_both(options, piecewise, keywords, "register_series");
  if (py::isinstance<PointCloud>(epochs) || py::len(epochs) == 0) {
    throw Error(ErrorKind::input, "epochs must be a list of one Cloud or N x 3 array at least", "register_series");
  }
  const PointCloud* cloud = cloud_among({reference});
  for (const py::handle epoch : epochs) {
    if (cloud == nullptr) cloud = cloud_among({py::reinterpret_borrow<py::object>(epoch)});
  }
  std::vector<Cores> all{points_of(reference, cloud, "reference")};
  for (const py::handle epoch : epochs) {
    const std::string name = "epochs[" + std::to_string(all.size() - 1) + "]";
    all.push_back(about(points_of(py::reinterpret_borrow<py::object>(epoch), cloud, name), all[0].view.frame()));
    require_same(all[0].view.frame(), all.back().view.frame(), "reference and " + name);
  }
  std::vector<PointsView> views;
  for (const Cores& one : all) {
    const std::string name = views.empty() ? "reference" : "epochs[" + std::to_string(views.size() - 1) + "]";
    if (one.view.empty()) throw Error(ErrorKind::input, name + " has no points to register", "register_series");
    views.push_back(one.view);
  }
  return series_of(without_gil(threads, [&](const Run& run) { return register_series(views, options, piecewise, run); }));
}

}  // namespace

py::dict dict_of(const Registration& fit) {
  py::dict d;
  d["transform"] = rows_of(fit.transform.matrix());
  d["covariance"] = rows_of(fit.covariance);
  d["centre"] = std::vector<double>{fit.centre_m.x(), fit.centre_m.y(), fit.centre_m.z()};
  d["patches"] = rows_of(fit.core_m);
  d["stable"] = std::vector<bool>(fit.stable.begin(), fit.stable.end());
  d["rms_m"] = fit.rms_m;
  d["least_told_m"] = fit.least_told_m;
  d["verdict"] = fit.verdict;
  d["not_observable"] = rows_of(fit.not_observable.transpose());
  d["not_significant"] = rows_of(fit.not_significant.transpose());
  return d;
}

void add_align(py::module_& module) {
  static const std::string register_doc =
      std::string(algorithm_of("piecewise").sentence) +
      "\n\nParameters\n----------\nepoch, reference : Cloud or N x 3 array, metres of one frame\n" +
      parameters_text<PiecewiseOptions>() +
      "threads : integer, default 0 = all; results do not depend on it\n\nReturns\n-------\ndict with transform (4 x 4, maps "
      "epoch "
      "onto reference; local metres of the reference), covariance (6 x 6, of translation in m and rotation in rad about centre), "
      "centre, patches (M x 3), stable (M booleans), rms_m of the stable patches' means, least_told_m (a third of the ground "
      "that moved by less may be taken for rest; nan where "
      "ground = all), verdict, not_observable and "
      "not_significant "
      "(K x 6 each, as covariance): motions that the ground does not tell, or so badly that they may be none. Along these the "
      "epoch "
      "is left as it came, with covariance that says so.\n\nRaises\n------\nInputError "
      "when too little stable ground is left: no guess is returned; FrameError when the frames differ.";
  module.def("register", register_one, py::arg("epoch"), py::arg("reference"), py::kw_only(), py::arg("threads") = 0,
             register_doc.c_str());
  static const std::string series_doc =
      "Register the epochs of a series on the first, the reference: each on it and on the epochs before it, adjusted together "
      "with the covariances of these ties. An epoch that the reference shares too little ground with rests on those between; "
      "ties that contradict the others are left out and told of.\n\nParameters\n----------\nreference : Cloud or N x 3 array, "
      "metres of one frame with the epochs\nepochs : list of such, in the order of time\n" +
      parameters_text<SeriesOptions>() + parameters_text<PiecewiseOptions>() +
      "threads : integer, default 0 = all; results do not depend on it\n\nReturns\n-------\ndict with poses, one of the "
      "reference "
      "(the identity) and one of each epoch, and covariance (6 rows each, of all poses: what their errors have in common). A "
      "pose "
      "is a dict with transform (4 x 4, maps the epoch onto the reference; local metres of the reference), covariance (6 x 6, of "
      "translation in m and rotation in rad about centre), centre, ties and verdict; a tie has epoch (0 = the reference), used, "
      "trouble (why it is not used) and verdict.\n\nRaises\n------\nInputError for no epochs, for an array of another shape, and "
      "for an epoch that shares too little stable ground with all that it is tied to; FrameError when the frames differ.";
  module.def("register_series", register_many, py::arg("reference"), py::arg("epochs"), py::kw_only(), py::arg("threads") = 0,
             series_doc.c_str());
}

}  // namespace highwall::python
