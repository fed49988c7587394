using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Fabric.Topology.Yaml;

/// <summary>The faults found in one file so far.</summary>
/// <param name="file">Path as the user gave it.</param>
internal sealed class ErrorList(string file)
{
    private readonly List<TopologyError> _errors = [];

    /// <summary>True when nothing was wrong yet.</summary>
    internal bool IsEmpty => _errors.Count == 0;

    internal void Add(YamlNode at, string message) => Add(at.Start, message);

    internal void Add(Mark at, string message) => _errors.Add(new TopologyError(file, (int)at.Line, (int)at.Column, message));

    /// <summary>The exception that carries every fault, in the file's order, and once where the same place was looked at twice.</summary>
    internal TopologyException ToException() => new([.. _errors.Distinct().OrderBy(error => error.Line).ThenBy(error => error.Column)]);
}
