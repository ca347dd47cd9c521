#include "bindings/pipeline/bare.hpp"
#include "bindings/python/python.hpp"
#include "core/error.hpp"
#include "io/readers/reader.hpp"

namespace highwall::python {
namespace {

py::object channel_array(const Channel& channel, const py::handle& owner) {
  return std::visit(
      [&](const auto& values) -> py::object { return view_of(values.data(), {static_cast<py::ssize_t>(values.size())}, owner); },
      channel);
}

py::dict report_dict(const Report& r) {
  py::list rows;
  for (const RejectedRow& row : r.rows) rows.append(py::make_tuple(row.line, row.reason));
  py::dict d;
  d["source"] = r.source;
  d["format"] = r.format;
  d["accepted"] = r.accepted;
  d["rejected"] = r.rejected;
  d["rejected_rows"] = rows;
  d["warnings"] = r.warnings;
  return d;
}

py::object with_report(py::object value, const Report& report) {
  value.attr("report") = report_dict(report);
  return value;
}

py::object to_object(Reading reading) {
  if (auto* cloud = std::get_if<PointCloud>(&reading.data)) {
    return with_report(py::cast(std::move(*cloud)), reading.report);
  }
  if (auto* stack = std::get_if<Stack>(&reading.data)) return with_report(py::cast(std::move(*stack)), reading.report);
  py::list series;
  for (TimeSeries& s : std::get<std::vector<TimeSeries>>(reading.data)) {
    series.append(with_report(py::cast(std::move(s)), reading.report));
  }
  return series;
}

ReadOptions read_options(const py::kwargs& keywords) {
  ReadOptions options;
  apply(options, keywords, "read");
  return options;
}

void add_cloud(py::module_& module) {
  py::class_<PointCloud>(module, "Cloud", py::dynamic_attr(), "One point cloud of one epoch.")
      .def("__len__", &PointCloud::size)
      .def_property_readonly(
          "xyz",
          [](const py::object& self) {
            const auto& cloud = self.cast<const PointCloud&>();
            return view_of(cloud.xyz.data(), {static_cast<py::ssize_t>(cloud.size()), 3}, self);
          },
          "N x 3 float64, local metres; world coordinates are xyz + origin. A read-only view.")
      .def(
          "world",
          [](const py::object& self) -> py::object {
            const py::object local = self.attr("xyz");
            return local + py::module_::import("numpy").attr("asarray")(self.attr("origin"));
          },
          "N x 3 float64, world coordinates in the CRS: xyz + origin, a new array.")
      .def_property_readonly(
          "origin", [](const PointCloud& c) { return c.frame.origin_m; }, "World coordinates of the local origin, m.")
      .def_property_readonly(
          "crs", [](const PointCloud& c) { return c.frame.crs; }, "CRS of the world coordinates, or \"local\".")
      .def_property_readonly(
          "vertical", [](const PointCloud& c) { return c.frame.vertical; }, "Vertical CRS, or \"\".")
      .def_property_readonly(
          "instant", [](const PointCloud& c) { return to_iso8601(c.instant); },
          "Time of acquisition, ISO 8601 UTC; \"NaT\" = not known.")
      .def_property_readonly(
          "channels",
          [](const py::object& self) {
            py::dict d;
            for (const auto& [name, channel] : self.cast<const PointCloud&>().channels)
              d[name.c_str()] = channel_array(channel, self);
            return d;
          },
          "Attributes by name, each in the type that the file had; read-only views.")
      .def(
          "write",
          [](const PointCloud& cloud, const py::object& path, int threads) {
            const std::string name = py::str(path);
            without_gil(threads, [&](const Run& run) {
              write_cloud(name, cloud, run);
              return true;
            });
          },
          py::arg("path"), py::kw_only(), py::arg("threads") = 0,
          "Write the cloud as LAS 1.4 (.las) or LAZ (.laz), whole or not at all.\n\nParameters\n----------\npath : text or "
          "path\nthreads : integer, default 0 = all; the bytes do not depend on it\n\nCoordinates have a step of 1 mm where "
          "they all are whole millimetres, else 0.1 mm; channels keep their types.\n\nRaises\n------\nConfigError for another "
          "suffix, StorageError for a disk that refuses.")
      .def("__repr__", [](const PointCloud& c) {
        return "<highwall.Cloud of " + std::to_string(c.size()) + " points, " + c.frame.to_string() + ">";
      });
}

std::array<double, 3> triple_of(const Eigen::Vector3d& v) { return {v.x(), v.y(), v.z()}; }

/// Of each cell, also where all share one.
py::array_t<double> sights_of(const Stack& s) {
  const auto& g = s.geometry();
  py::array_t<double> out({static_cast<py::ssize_t>(g.rows), static_cast<py::ssize_t>(g.cols), py::ssize_t{3}});
  double* to = out.mutable_data();
  for (std::size_t c = 0; c < g.cells(); ++c) {
    const Eigen::Vector3d& unit = s.line_of_sight_per_cell.empty() ? s.line_of_sight.unit : s.line_of_sight_per_cell[c];
    to = std::copy(unit.data(), unit.data() + 3, to);
  }
  return out;
}

void add_series(py::module_& module) {
  py::class_<TimeSeries>(module, "Series", py::dynamic_attr(), "Values of one target against time.")
      .def("__len__", &TimeSeries::size)
      .def_readonly("target", &TimeSeries::target, "Name of the target.")
      .def_property_readonly(
          "kind", [](const TimeSeries& s) { return std::string(name_of(s.kind)); }, "Kind of instrument.")
      .def_readonly("components", &TimeSeries::components, "Names of the columns of value and sigma.")
      .def_property_readonly(
          "position", [](const TimeSeries& s) { return s.position_m; }, "x, y and height in crs, or None.")
      .def_property_readonly(
          "crs", [](const TimeSeries& s) { return s.frame.crs; }, "CRS of position; local: of the site, or tied to nothing.")
      .def_property_readonly(
          "line_of_sight", [](const TimeSeries& s) { return triple_of(s.line_of_sight.unit); },
          "Unit vector target -> sensor: east, north, up; NaN = not known.")
      .def_property_readonly(
          "time", [](const py::object& self) { return datetimes_of(self.cast<const TimeSeries&>().time, self); },
          "datetime64[ns], UTC, the clock as written. A read-only view.")
      .def_property_readonly(
          "time_dejittered",
          [](const py::object& self) { return datetimes_of(self.cast<const TimeSeries&>().time_dejittered, self); },
          "datetime64[ns], a regular clock fitted to time, or empty. A read-only view.")
      .def_property_readonly(
          "value",
          [](const py::object& self) {
            const auto& s = self.cast<const TimeSeries&>();
            return view_of(s.value_m.data(), {static_cast<py::ssize_t>(s.size()), static_cast<py::ssize_t>(s.width())}, self);
          },
          "n x k float64, metres; line of sight positive towards the sensor. A read-only view.")
      .def_property_readonly(
          "sigma",
          [](const py::object& self) {
            const auto& s = self.cast<const TimeSeries&>();
            return view_of(s.sigma_m.data(), {static_cast<py::ssize_t>(s.size()), static_cast<py::ssize_t>(s.width())}, self);
          },
          "n x k float64, one standard deviation in metres; NaN = not known. A read-only view.")
      .def(
          "to_pandas",
          [](const py::object& self) {
            const auto& s = self.cast<const TimeSeries&>();
            py::dict columns;
            for (std::size_t c = 0; c < s.width(); ++c) {
              const py::object index = py::make_tuple(py::slice(py::none(), py::none(), py::none()), c);
              columns[(s.components[c] + "_m").c_str()] = self.attr("value")[index];
              columns[("sigma_" + s.components[c] + "_m").c_str()] = self.attr("sigma")[index];
            }
            return py::module_::import("pandas").attr("DataFrame")(columns, self.attr("time"));
          },
          "A pandas.DataFrame indexed by time, columns in metres. Needs pandas.")
      .def("__repr__",
           [](const TimeSeries& s) { return "<highwall.Series " + s.target + ", " + std::to_string(s.size()) + " samples>"; });
}

/// World x and y of the cells' centres, rows x columns each.
std::pair<py::object, py::object> world_centres(const GridGeometry& g) {
  const auto rows = static_cast<py::ssize_t>(g.rows);
  const auto cols = static_cast<py::ssize_t>(g.cols);
  py::array_t<double> x({rows, cols});
  py::array_t<double> y({rows, cols});
  for (py::ssize_t r = 0; r < rows; ++r) {
    for (py::ssize_t c = 0; c < cols; ++c) {
      const auto centre = g.centre(static_cast<std::size_t>(r), static_cast<std::size_t>(c));
      x.mutable_at(r, c) = centre[0] + g.frame.origin_m[0];
      y.mutable_at(r, c) = centre[1] + g.frame.origin_m[1];
    }
  }
  return {std::move(x), std::move(y)};
}

void add_stack(py::module_& module) {
  py::class_<Stack>(module, "Stack", py::dynamic_attr(), "Displacement maps of several epochs over the same cells.")
      .def_property_readonly(
          "time", [](const py::object& self) { return datetimes_of(self.cast<const Stack&>().instants(), self); },
          "datetime64[ns], UTC, one an epoch. A read-only view.")
      .def_property_readonly(
          "displacement",
          [](const py::object& self) {
            const auto& s = self.cast<const Stack&>();
            const auto& g = s.geometry();
            static const double nothing = 0.0;
            return view_of(
                s.epochs() > 0 ? s.at(0).data() : &nothing,
                {static_cast<py::ssize_t>(s.epochs()), static_cast<py::ssize_t>(g.rows), static_cast<py::ssize_t>(g.cols)}, self);
          },
          "epochs x rows x columns float64, metres towards the sensor; NaN = no data. A read-only view.")
      .def_property_readonly(
          "affine", [](const Stack& s) { return s.geometry().affine; }, "GDAL's six numbers, local metres.")
      .def_property_readonly(
          "origin", [](const Stack& s) { return s.geometry().frame.origin_m; }, "World coordinates of the local origin, m.")
      .def_property_readonly(
          "crs", [](const Stack& s) { return s.geometry().frame.crs; }, "CRS of the map.")
      .def_property_readonly("line_of_sight", &sights_of,
                             "rows x columns x 3 float64, unit vectors target -> sensor: east, north, up; NaN = not known.")
      .def(
          "to_xarray",
          [](const py::object& self) {
            const auto& s = self.cast<const Stack&>();
            py::dict attributes;
            attributes["units"] = "m";
            attributes["positive"] = "towards the sensor";
            attributes["crs"] = s.geometry().frame.crs;
            py::dict coordinates;
            coordinates["time"] = self.attr("time");
            const auto [x, y] = world_centres(s.geometry());
            const bool upright = s.geometry().affine[2] == 0.0 && s.geometry().affine[4] == 0.0;
            const py::tuple both = py::make_tuple("row", "col");
            const py::object first_row = x[py::int_(0)];
            const py::object first_column = y[py::make_tuple(py::slice(py::none(), py::none(), py::none()), 0)];
            coordinates["x"] = upright ? py::tuple(py::make_tuple("col", first_row)) : py::tuple(py::make_tuple(both, x));
            coordinates["y"] = upright ? py::tuple(py::make_tuple("row", first_column)) : py::tuple(py::make_tuple(both, y));
            return py::module_::import("xarray").attr("DataArray")(
                self.attr("displacement"), py::arg("dims") = py::make_tuple("time", "row", "col"),
                py::arg("coords") = coordinates, py::arg("name") = "displacement", py::arg("attrs") = attributes);
          },
          "An xarray.DataArray in metres, with x and y of the cells' centres in world coordinates. Needs xarray.");
}

}  // namespace

void add_data(py::module_& module) {
  add_cloud(module);
  add_series(module);
  add_stack(module);
  const std::string doc =
      "Read a file of any known format, found by its content.\n\nParameters\n----------\npath : text or path\n" +
      parameters_text<ReadOptions>() +
      "\nReturns\n-------\nCloud, Stack, or a list of Series; each has `.report` (accepted, rejected rows, assumptions).\n\n"
      "Raises\n------\nInputError naming the file and the line or byte; ConfigError for bad options.";
  static const std::string kept = doc;
  static const std::string info_doc =
      "Say what a file holds, read as `read` does, without keeping its data.\n\nParameters\n----------\npath : text or path\n" +
      parameters_text<ReadOptions>() +
      "\nReturns\n-------\ndict with source, format, accepted, rejected, rejected_rows (line and reason of the first 100) and "
      "warnings "
      "(assumptions and conversions).\n\n"
      "Raises\n------\nInputError naming the file and the line or byte; ConfigError for bad options.";
  module.def(
      "read",
      [](const py::object& path, int threads, const py::kwargs& keywords) {
        const std::string name = py::str(path);
        const ReadOptions options = read_options(keywords);
        return to_object(without_gil(threads, [&](const Run& run) { return read_file(name, options, run); }));
      },
      py::arg("path"), py::kw_only(), py::arg("threads") = 0, kept.c_str());
  module.def(
      "info",
      [](const py::object& path, const py::kwargs& keywords) {
        const std::string name = py::str(path);
        const ReadOptions options = read_options(keywords);
        return report_dict(without_gil(0, [&](const Run& run) { return read_file(name, options, run); }).report);
      },
      py::arg("path"), info_doc.c_str());
}

}  // namespace highwall::python
