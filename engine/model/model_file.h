#ifndef COLONNADE_ENGINE_MODEL_MODEL_FILE_H_
#define COLONNADE_ENGINE_MODEL_MODEL_FILE_H_

#include <string>
#include <string_view>

#include "colonnade/model.h"

namespace colonnade {

// Model::Load() of a file that is in memory already; `name` is for messages.
Model ParseModel(std::string_view file, const std::string& name);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_MODEL_MODEL_FILE_H_
