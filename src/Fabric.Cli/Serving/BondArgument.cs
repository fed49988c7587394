using Fabric.Link;
using Fabric.Link.Bonding;
using Fabric.Wire;

namespace Fabric.Cli.Serving;

/// <summary>What stands after <c>--bond</c>: a bond of ports that other options make.</summary>
internal sealed class BondArgument
{
    /// <summary>How it is written.</summary>
    public const string Form = "NAME,members=PORT+PORT[,mode=lacp|static|backup][,hash=layer2|layer2+3|layer3+4][,system=MAC][,active=off][,fast=on][,min-links=N]";

    private readonly PortArgument _argument;
    private readonly string[] _names = [];
    private readonly IPort?[] _ports;
    private readonly BondOptions _options;

    private BondArgument(PortArgument argument)
    {
        _argument = argument;
        _options = new BondOptions { SystemAddress = StationAddress.Random() };
        foreach ((string key, string value) in argument.Own)
        {
            if (key == "members")
                _names = value.Split('+', StringSplitOptions.RemoveEmptyEntries);
            else
                _options = Apply(_options, key, value);
        }

        if (_names.Length == 0)
            throw argument.Wrong("a bond needs members: members=PORT+PORT, ports that other options make");
        _ports = new IPort?[_names.Length];
    }

    /// <summary>What passes.</summary>
    public PortSettings Port => _argument.Port;

    /// <summary>Reads one.</summary>
    /// <exception cref="CliException">It says something else.</exception>
    public static BondArgument Parse(string text) =>
        new(PortArgument.Read("--bond", text, Form, "members", "mode", "hash", "system", "active", "fast", "min-links"));

    /// <summary>Makes sure that its members will be made.</summary>
    /// <param name="made">Names of the ports that other options make.</param>
    /// <exception cref="CliException">One will not.</exception>
    public void Check(IEnumerable<string> made)
    {
        if (Array.Find(_names, name => !made.Contains(name)) is { } missing)
            throw _argument.Wrong($"no other option makes a port '{missing}' to be a member");
    }

    /// <summary>Takes a port that is to be a member.</summary>
    /// <param name="port">The port.</param>
    /// <param name="settings">What was said of it, which the bond has no use for.</param>
    /// <returns>False when it is none of this bond's.</returns>
    /// <exception cref="CliException">Something was said of it.</exception>
    public bool TryTake(IPort port, PortSettings settings)
    {
        int place = Array.IndexOf(_names, port.Name);
        if (place < 0)
            return false;
        if (settings != PortSettings.Plain)
            throw _argument.Wrong($"what passes is said of the bond, not of its member '{port.Name}'");
        _ports[place] = port;
        return true;
    }

    /// <summary>Makes the bond, which owns its members.</summary>
    /// <exception cref="CliException">A member is another bond's.</exception>
    /// <exception cref="LinkException">The options contradict each other.</exception>
    public BondPort Open()
    {
        int missing = Array.IndexOf(_ports, null);
        if (missing >= 0)
            throw _argument.Wrong($"the member '{_names[missing]}' is named twice, here or by another bond; name it once");
        return new BondPort(_argument.Name, TimeProvider.System, [.. _ports.Select(port => new BondMember(port!))], _options);
    }

    private BondOptions Apply(BondOptions options, string key, string value) => key switch
    {
        "mode" => options with { Mode = Mode(value) },
        "hash" => options with { Hash = Hash(value) },
        "active" => options with { IsActive = _argument.Switch(key, value) },
        "fast" => options with { IsFast = _argument.Switch(key, value) },
        "min-links" => options with { MinLinks = _argument.Number(key, value, 1, BondOptions.MostMembers) },
        "system" => options with
        {
            SystemAddress = MacAddress.TryParse(value, out MacAddress address) && !address.IsGroup ? address
                : throw _argument.Wrong($"'{value}' is no station's MAC address; write it like 02:00:00:00:00:01"),
        },
        _ => throw _argument.Unknown(key),
    };

    private BondMode Mode(string value) => value switch
    {
        "lacp" => BondMode.Lacp,
        "static" => BondMode.Static,
        "backup" => BondMode.ActiveBackup,
        _ => throw _argument.Wrong($"mode is lacp, static or backup, not '{value}'"),
    };

    private BondHash Hash(string value) => value switch
    {
        "layer2" => BondHash.Layer2,
        "layer2+3" => BondHash.Layer2And3,
        "layer3+4" => BondHash.Layer3And4,
        _ => throw _argument.Wrong($"hash is layer2, layer2+3 or layer3+4, not '{value}'"),
    };
}
