# Every third-party library of the house, found once. Their headers are SYSTEM: imported targets are.
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(fmt 9 REQUIRED)
find_package(date REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(GDAL 3.6 REQUIRED)
find_package(HDF5 1.10 REQUIRED COMPONENTS C)
find_package(tomlplusplus 3 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(CLI11 2.1 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(mosquitto REQUIRED IMPORTED_TARGET libmosquitto)
pkg_check_modules(hwy REQUIRED IMPORTED_TARGET libhwy)
# Its pkg-config file asks for the development files of all that it is made of; the shared library knows them itself.
find_path(CLP_INCLUDE_DIR coin/Clp_C_Interface.h REQUIRED)
find_library(CLP_LIBRARY Clp REQUIRED)
add_library(clp INTERFACE)
target_link_libraries(clp INTERFACE ${CLP_LIBRARY})
target_include_directories(clp SYSTEM INTERFACE ${CLP_INCLUDE_DIR})

if(HIGHWALL_PCL)
  # Without this PCL's features and registration drag VTK and Qt in.
  set(CMAKE_DISABLE_FIND_PACKAGE_VTK TRUE)
  find_package(PCL 1.13 REQUIRED COMPONENTS common kdtree search filters features registration)
endif()

if(HIGHWALL_PYTHON)
  find_package(Python 3.11 REQUIRED COMPONENTS Interpreter Development.Module)
  execute_process(COMMAND ${Python_EXECUTABLE} -m pybind11 --cmakedir
                  OUTPUT_VARIABLE pybind11_DIR OUTPUT_STRIP_TRAILING_WHITESPACE
                  RESULT_VARIABLE pybind11_missing)
  if(pybind11_missing)
    message(FATAL_ERROR "pybind11 is missing in ${Python_EXECUTABLE}: run script/bootstrap first")
  endif()
  find_package(pybind11 2.12 REQUIRED CONFIG)
endif()

include(cmake/highwall_pypi_library.cmake)
# LASzip 3.5 (Apache-2.0). A range decoder that starts with a value which no encoder writes runs out of its tables.
# Its tables of symbols have four symbols an entry, or none at all, and the search in the entry is what costs: with two
# entries a symbol the same symbols come 15 % sooner. Beyond 2^9 entries an index could run out of the table.
highwall_pypi_library(laszip laszip 0.3.0 9ddf91649b519db308f63d772a19e7647458f5d5512e3d927629f0196b9c6216
  ROOT src/vendor/LASzip-*
  SOURCES src/*.cpp EXCEPT "las(un)?zipper|laszip_dll|lasindex|lasquadtree|lasinterval"
  TOGETHER src/arithmeticmodel.cpp src/arithmeticdecoder.cpp src/integercompressor.cpp src/lasreaditemcompressed_v3.cpp src/lasreadpoint.cpp
  INCLUDE include/laszip
  HEADERS laszip FROM src/*.hpp include/laszip/*.h
  DEFINE UNORDERED HAVE_UNORDERED_MAP=1
  COMPILE $<$<CONFIG:Release>:-O2>  # 5 % quicker than -O3.
  PATCH src/arithmeticdecoder.cpp
    "value |= (instream->getByte())" "if ((value |= instream->getByte()) == AC__MaxLength) throw 4711"
    src/arithmeticmodel.cpp
    "(symbols > 16)" "(symbols > 2)"
    src/arithmeticmodel.cpp
    "while (symbols > (1U << (table_bits + 2)))" "while (table_bits < 9 && symbols > (1U << (table_bits - 1)))")
# libE57Format 3 (Boost licence).
find_package(XercesC 3.2 REQUIRED)
highwall_pypi_library(e57format pye57 0.4.19 0323a0cb5e62286fb3f4d7a2c63d811bb813ac65e2a21cfadf8ca848eaa27101
  ROOT libE57Format
  SOURCES src/*.cpp EXCEPT "E57Simple|/ReaderImpl|/WriterImpl"
  INCLUDE include extern/CRCpp/inc
  DEFINE E57_VALIDATION_LEVEL=1 REVISION_ID="highwall" CRCPP_USE_CPP11 CRCPP_BRANCHLESS
  LINK XercesC::XercesC
  MAKE include/E57Export.h "#define E57_DLL")
