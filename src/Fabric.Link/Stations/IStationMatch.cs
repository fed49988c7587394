namespace Fabric.Link.Stations;

/// <summary>Chooses entries of a <see cref="StationTable"/>; implemented by structs, so that the choice is compiled into the loop.</summary>
public interface IStationMatch
{
    /// <summary>True for an entry that is meant.</summary>
    /// <param name="slot">An occupied slot.</param>
    bool Matches(in StationTable.Slot slot);
}
