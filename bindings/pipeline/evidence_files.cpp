#include "bindings/pipeline/evidence_files.hpp"

#include <nlohmann/json.hpp>
#include <set>

namespace highwall {

EpochFiles files_of_epochs(const std::vector<std::string>& journal) {
  EpochFiles out;
  std::map<std::pair<std::string, std::string>, std::string> names;  // by source and digest
  for (const std::string& line : journal) {
    const nlohmann::json j = nlohmann::json::parse(line, nullptr, false);
    if (!j.is_object()) continue;
    const std::string act = j.value("act", "");
    const std::string sha256 = j.value("file_sha256", "");
    if (sha256.empty()) continue;
    if (act == "ingest") out[j.value("id", "")] = {j.value("source", ""), sha256};
    if (act == "file") names.emplace(std::pair(j.value("source", ""), sha256), j.value("file", ""));
  }
  for (auto& [id, file] : out) {
    const auto name = names.find({file.path, file.sha256});
    file.path = name == names.end() ? std::string() : name->second;
  }
  return out;
}

std::vector<EvidenceFile> files_of(const std::vector<Evidence>& evidence, const EpochFiles& files) {
  std::vector<EvidenceFile> out;
  std::set<std::string> seen;
  for (const Evidence& e : evidence) {
    for (const std::string& epoch : e.epochs) {
      const auto found = files.find(epoch);
      if (found != files.end() && seen.insert(found->second.sha256).second) out.push_back(found->second);
    }
  }
  return out;
}

}  // namespace highwall
